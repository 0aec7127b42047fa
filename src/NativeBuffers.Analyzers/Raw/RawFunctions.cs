using System;
using System.Collections.Generic;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers.Raw;

/// <summary>The functions of the platform and of the library that allocate and free by hand, as one compilation sees them.</summary>
internal sealed class RawFunctions
{
    private const string HGlobal = "HGlobal";
    private const string CoTaskMem = "CoTaskMem";
    private const string Malloc = "Malloc";
    private const string Aligned = "Aligned";

    private static readonly Dictionary<string, RawFunction> s_marshal = new()
    {
        ["AllocHGlobal"] = Allocation(HGlobal, "Marshal.FreeHGlobal"),
        ["ReAllocHGlobal"] = Reallocation(HGlobal, "Marshal.FreeHGlobal"),
        ["FreeHGlobal"] = Free(HGlobal),
        ["StringToHGlobalAnsi"] = Text(HGlobal, "Marshal.FreeHGlobal"),
        ["StringToHGlobalAuto"] = Text(HGlobal, "Marshal.FreeHGlobal"),
        ["StringToHGlobalUni"] = Text(HGlobal, "Marshal.FreeHGlobal"),
        ["SecureStringToGlobalAllocAnsi"] = Text(HGlobal, "Marshal.ZeroFreeGlobalAllocAnsi"),
        ["SecureStringToGlobalAllocUnicode"] = Text(HGlobal, "Marshal.ZeroFreeGlobalAllocUnicode"),
        ["ZeroFreeGlobalAllocAnsi"] = Free(HGlobal),
        ["ZeroFreeGlobalAllocUnicode"] = Free(HGlobal),
        ["AllocCoTaskMem"] = Allocation(CoTaskMem, "Marshal.FreeCoTaskMem"),
        ["ReAllocCoTaskMem"] = Reallocation(CoTaskMem, "Marshal.FreeCoTaskMem"),
        ["FreeCoTaskMem"] = Free(CoTaskMem),
        ["StringToCoTaskMemAnsi"] = Text(CoTaskMem, "Marshal.FreeCoTaskMem"),
        ["StringToCoTaskMemAuto"] = Text(CoTaskMem, "Marshal.FreeCoTaskMem"),
        ["StringToCoTaskMemUni"] = Text(CoTaskMem, "Marshal.FreeCoTaskMem"),
        ["StringToCoTaskMemUTF8"] = Text(CoTaskMem, "Marshal.FreeCoTaskMem"),
        ["SecureStringToCoTaskMemAnsi"] = Text(CoTaskMem, "Marshal.ZeroFreeCoTaskMemAnsi"),
        ["SecureStringToCoTaskMemUnicode"] = Text(CoTaskMem, "Marshal.ZeroFreeCoTaskMemUnicode"),
        ["ZeroFreeCoTaskMemAnsi"] = Free(CoTaskMem),
        ["ZeroFreeCoTaskMemUnicode"] = Free(CoTaskMem),
        ["ZeroFreeCoTaskMemUTF8"] = Free(CoTaskMem),
        ["StringToBSTR"] = Text("BSTR", "Marshal.FreeBSTR"),
        ["SecureStringToBSTR"] = Text("BSTR", "Marshal.ZeroFreeBSTR"),
        ["FreeBSTR"] = Free("BSTR"),
        ["ZeroFreeBSTR"] = Free("BSTR"),
    };

    private static readonly Dictionary<string, RawFunction> s_nativeMemory = new()
    {
        ["Alloc"] = Allocation(Malloc, "NativeMemory.Free"),
        ["AllocZeroed"] = Allocation(Malloc, "NativeMemory.Free"),
        ["Realloc"] = Reallocation(Malloc, "NativeMemory.Free"),
        ["Free"] = Free(Malloc),
        ["AlignedAlloc"] = Allocation(Aligned, "NativeMemory.AlignedFree"),
        ["AlignedRealloc"] = Reallocation(Aligned, "NativeMemory.AlignedFree"),
        ["AlignedFree"] = Free(Aligned),
    };

    private readonly INamedTypeSymbol? _marshal;
    private readonly INamedTypeSymbol? _nativeMemory;
    private readonly INamedTypeSymbol? _allocator;
    private readonly INamedTypeSymbol? _owner;

    private RawFunctions(Compilation compilation)
    {
        _marshal = compilation.GetTypeByMetadataName("System.Runtime.InteropServices.Marshal");
        _nativeMemory = compilation.GetTypeByMetadataName("System.Runtime.InteropServices.NativeMemory");
        _allocator = Ours(compilation, "NativeBuffers.NativeAllocator");
        _owner = Ours(compilation, "NativeBuffers.NativeMemoryOwner`1");
    }

    /// <summary>Finds the functions; null if the compilation does not use the library.</summary>
    public static RawFunctions? Of(Compilation compilation) => LibraryTypes.Of(compilation) is { HasLibrary: true } ? new RawFunctions(compilation) : null;

    /// <summary>The function that a call names; null for all other methods.</summary>
    public RawFunction? Find(IInvocationOperation call)
    {
        IMethodSymbol method = call.TargetMethod;
        if (Is(method.ContainingType, _marshal))
        {
            return s_marshal.TryGetValue(method.Name, out RawFunction found) ? found : null;
        }

        if (Is(method.ContainingType, _nativeMemory))
        {
            return s_nativeMemory.TryGetValue(method.Name, out RawFunction found) ? found : null;
        }

        return Is(method.ContainingType, _allocator) ? FindOfAllocator(call) : null;
    }

    /// <summary>The families whose blocks an adopting call accepts; null for all other calls, and if the allocator is not known.</summary>
    public string[]? FindAdopted(IInvocationOperation call)
    {
        if (call.TargetMethod.Name != "Adopt" || !Is(call.TargetMethod.ContainingType?.OriginalDefinition, _owner))
        {
            return null;
        }

        foreach (IArgumentOperation argument in call.Arguments)
        {
            if (argument.Parameter?.Name == "freedBy" && NameOfAllocator(argument.Value) is { } name)
            {
                return name is HGlobal or CoTaskMem or Malloc or Aligned ? [FamilyOf(name), name] : [FamilyOf(name)];
            }
        }

        return null;
    }

    private RawFunction? FindOfAllocator(IInvocationOperation call)
    {
        string? name = NameOfAllocator(call.Instance);
        string family = name is null ? string.Empty : FamilyOf(name);
        return call.TargetMethod.Name switch
        {
            "Allocate" or "AllocateUninitialized" or "TryAllocate" => new RawFunction(family, $"{family}.Free", true, false, true),
            "Resize" or "TryResize" or "TryResizeUninitialized" => new RawFunction(family, $"{family}.Free", true, true, true),
            "Free" => new RawFunction(family, $"{family}.Free", false, true, false),
            _ => null,
        };
    }

    /// <summary>The name of an allocator that the library keeps; null for an allocator that a variable holds.</summary>
    private string? NameOfAllocator(IOperation? value) => value switch
    {
        IConversionOperation conversion => NameOfAllocator(conversion.Operand),
        IPropertyReferenceOperation { Instance: null, Property: var property } when Is(property.ContainingType, _allocator) => property.Name,
        IInvocationOperation { Instance: null, TargetMethod: { Name: "Aligned" } method } when Is(method.ContainingType, _allocator) => Aligned,
        _ => null,
    };

    private static string FamilyOf(string allocator) => $"NativeAllocator.{allocator}";

    private static bool Is(ISymbol? type, INamedTypeSymbol? known) => known is not null && SymbolEqualityComparer.Default.Equals(type, known);

    private static INamedTypeSymbol? Ours(Compilation compilation, string name)
    {
        foreach (INamedTypeSymbol type in compilation.GetTypesByMetadataName(name))
        {
            if (LibraryTypes.IsOurs(type))
            {
                return type;
            }
        }

        return null;
    }

    private static RawFunction Allocation(string family, string freedBy) => new(family, freedBy, allocates: true, frees: false, takesByteCount: true);

    private static RawFunction Reallocation(string family, string freedBy) => new(family, freedBy, allocates: true, frees: true, takesByteCount: true);

    private static RawFunction Text(string family, string freedBy) => new(family, freedBy, allocates: true, frees: false, takesByteCount: false);

    private static RawFunction Free(string family) => new(family, string.Empty, allocates: false, frees: true, takesByteCount: false);
}
