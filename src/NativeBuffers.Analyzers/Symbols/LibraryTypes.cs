using System.Collections.Generic;
using Microsoft.CodeAnalysis;

namespace NativeBuffers.Analyzers.Symbols;

/// <summary>The types of the library and of the platform that the rules know, as one compilation sees them.</summary>
/// <remarks>A type is recognised by its full name and its assembly: a user's own type named <c>NativeBuffer</c> is another type.</remarks>
internal sealed class LibraryTypes
{
    private const string Library = "NativeBuffers";

    private static readonly (string Name, OwnerKind Kind)[] s_owners =
    [
        ("NativeBuffer`1", OwnerKind.Buffer),
        ("ScratchList`1", OwnerKind.ScratchList),
        ("NativeArena", OwnerKind.Arena),
        ("ArenaScope", OwnerKind.ArenaScope),
        ("ArenaBorrow", OwnerKind.Borrow),
        ("Borrow`1", OwnerKind.Borrow),
        ("ReadOnlyBorrow`1", OwnerKind.Borrow),
        ("NativeMemoryOwner`1", OwnerKind.Heap),
        ("NativeList`1", OwnerKind.Heap),
        ("NativeArenaOwner", OwnerKind.Heap),
        ("NativeRegion", OwnerKind.Heap),
        ("MappedFile`1", OwnerKind.Heap),
        ("SharedMemory`1", OwnerKind.Heap),
        ("StableBuffer`1", OwnerKind.Heap),
        ("SafeAlignedBuffer", OwnerKind.Heap),
        ("SafeCoTaskMemBuffer", OwnerKind.Heap),
        ("SafeHGlobalBuffer", OwnerKind.Heap),
        ("SafeMallocBuffer", OwnerKind.Heap),
        ("SafePagesBuffer", OwnerKind.Heap),
        ("PooledBuffer`1", OwnerKind.Pooled),
    ];

    private static readonly string[] s_viewTypes =
    [
        "System.Span`1",
        "System.ReadOnlySpan`1",
        "System.Memory`1",
        "System.ReadOnlyMemory`1",
        "System.ArraySegment`1",
        "System.Buffers.ReadOnlySequence`1",
    ];

    private static readonly string[] s_tasks =
    [
        "System.Threading.Tasks.Task",
        "System.Threading.Tasks.Task`1",
        "System.Threading.Tasks.ValueTask",
        "System.Threading.Tasks.ValueTask`1",
        "System.Runtime.CompilerServices.ConfiguredTaskAwaitable",
        "System.Runtime.CompilerServices.ConfiguredTaskAwaitable`1",
        "System.Runtime.CompilerServices.ConfiguredValueTaskAwaitable",
        "System.Runtime.CompilerServices.ConfiguredValueTaskAwaitable`1",
    ];

    private readonly Dictionary<ISymbol, OwnerKind> _owners = new(SymbolEqualityComparer.Default);
    private readonly HashSet<ISymbol> _views = new(SymbolEqualityComparer.Default);
    private readonly HashSet<ISymbol> _tasks = new(SymbolEqualityComparer.Default);

    private LibraryTypes(Compilation compilation)
    {
        foreach ((string name, OwnerKind kind) in s_owners)
        {
            if (Find(compilation, Library + "." + name) is { } type)
            {
                _owners[type] = kind;
                HasLibrary = true;
            }
        }

        if (compilation.GetTypeByMetadataName("System.Buffers.IMemoryOwner`1") is { } owner)
        {
            _owners[owner] = OwnerKind.PlatformOwner;
        }

        if (HasLibrary && compilation.GetTypeByMetadataName("System.Buffers.MemoryHandle") is { } pin)
        {
            _owners[pin] = OwnerKind.Pin;
        }

        foreach (string name in s_viewTypes)
        {
            if (compilation.GetTypeByMetadataName(name) is { } view)
            {
                _views.Add(view);
            }
        }

        foreach (string name in s_tasks)
        {
            if (compilation.GetTypeByMetadataName(name) is { } task)
            {
                _tasks.Add(task);
            }
        }

        BufferFactory = Find(compilation, "NativeBuffers.NativeBuffer");
        MemoryPool = compilation.GetTypeByMetadataName("System.Buffers.MemoryPool`1");
        ArrayPool = compilation.GetTypeByMetadataName("System.Buffers.ArrayPool`1");
    }

    /// <summary>True if the compilation references the library, or is the library.</summary>
    public bool HasLibrary { get; }

    /// <summary>The static class <c>NativeBuffer</c>.</summary>
    public INamedTypeSymbol? BufferFactory { get; }

    /// <summary>The platform's <c>MemoryPool&lt;T&gt;</c>.</summary>
    public INamedTypeSymbol? MemoryPool { get; }

    /// <summary>The platform's <c>ArrayPool&lt;T&gt;</c>.</summary>
    public INamedTypeSymbol? ArrayPool { get; }

    /// <summary>Finds the types; null if the compilation knows neither the library nor a pool.</summary>
    public static LibraryTypes? Of(Compilation compilation)
    {
        LibraryTypes types = new(compilation);
        return types.HasLibrary || types.ArrayPool is not null ? types : null;
    }

    /// <summary>True if a symbol belongs to the library itself.</summary>
    public static bool IsOurs(ISymbol? symbol) => symbol?.ContainingAssembly?.Name == Library && symbol.ContainingNamespace?.Name == Library;

    /// <summary>True for what users of the library may call: its inner members have meanings of their own.</summary>
    public static bool IsPublicMember(ISymbol member) =>
        IsOurs(member) && member.DeclaredAccessibility == Accessibility.Public && member.ContainingType is { DeclaredAccessibility: Accessibility.Public };

    /// <summary>The kind of owner that a type is.</summary>
    public OwnerKind KindOf(ITypeSymbol? type) =>
        type is INamedTypeSymbol named && _owners.TryGetValue(named.OriginalDefinition, out OwnerKind kind) ? kind : OwnerKind.None;

    /// <summary>True for <c>Span</c>, <c>ReadOnlySpan</c>, <c>Memory</c>, <c>ReadOnlyMemory</c>, pointers and all ref structs that are not owners.</summary>
    public bool IsView(ITypeSymbol? type) =>
        type is not null && KindOf(type) == OwnerKind.None
            && (type.IsRefLikeType || type.TypeKind == TypeKind.Pointer || _views.Contains(type.OriginalDefinition));

    /// <summary>True for tasks, and for what <c>ConfigureAwait</c> makes of them.</summary>
    public bool IsTask(ITypeSymbol? type) => type is not null && _tasks.Contains(type.OriginalDefinition);

    /// <summary>True for an array of tasks, and for a list of them.</summary>
    public bool IsCollectionOfTasks(ITypeSymbol? type) => type switch
    {
        IArrayTypeSymbol array => IsTask(array.ElementType),
        INamedTypeSymbol { Name: "List", Arity: 1, ContainingNamespace.Name: "Generic" } list => IsTask(list.TypeArguments[0]),
        _ => false,
    };

    /// <summary>True for <c>Memory</c>, <c>ReadOnlyMemory</c> and sequences of them, which look up the place of the elements for each span.</summary>
    public bool IsMemory(ITypeSymbol? type) => type is not null && !type.IsRefLikeType && _views.Contains(type.OriginalDefinition);

    /// <summary>True for <c>ArrayPool&lt;T&gt;</c> and types derived from it.</summary>
    public bool IsArrayPool(ITypeSymbol? type) => IsOrDerives(type, ArrayPool);

    /// <summary>True for <c>MemoryPool&lt;T&gt;</c> and types derived from it.</summary>
    public bool IsMemoryPool(ITypeSymbol? type) => IsOrDerives(type, MemoryPool);

    private static bool IsOrDerives(ITypeSymbol? type, INamedTypeSymbol? wanted)
    {
        for (ITypeSymbol? t = type; t is not null && wanted is not null; t = t.BaseType)
        {
            if (SymbolEqualityComparer.Default.Equals(t.OriginalDefinition, wanted))
            {
                return true;
            }
        }

        return false;
    }

    private static INamedTypeSymbol? Find(Compilation compilation, string name)
    {
        foreach (INamedTypeSymbol type in compilation.GetTypesByMetadataName(name))
        {
            if (type.ContainingAssembly.Name == Library)
            {
                return type;
            }
        }

        return null;
    }
}
