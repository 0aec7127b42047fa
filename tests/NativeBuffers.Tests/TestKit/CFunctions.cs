using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.TestKit;

/// <summary>Allocators over functions that C libraries export.</summary>
internal static class CFunctions
{
    public static NativeAllocator Malloc => Load("libc.so.6", "", "libc6");

    public static unsafe NativeAllocator MallocWithoutRealloc
    {
        get
        {
            nint library = NativeLibrary.Load("libc.so.6");
            return NativeAllocator.FromFunctions(
                "malloc without realloc",
                (delegate* unmanaged<nuint, void*>)NativeLibrary.GetExport(library, "malloc"),
                null,
                (delegate* unmanaged<void*, void>)NativeLibrary.GetExport(library, "free"));
        }
    }

    public static NativeAllocator Mimalloc => Load("libmimalloc.so.2", "mi_", "libmimalloc2.0");

    public static NativeAllocator Jemalloc => Load("libjemalloc.so.2", "", "libjemalloc2");

    private static unsafe NativeAllocator Load(string file, string prefix, string package)
    {
        nint library = 0;
        try
        {
            library = NativeLibrary.Load(file);
        }
        catch (DllNotFoundException failure) when (failure.Message.Contains("static TLS", StringComparison.Ordinal))
        {
            Assert.Skip($"{file} finds no room for its thread-local data: run by 'dotnet test', whose launch profile makes room.");
        }
        catch (DllNotFoundException)
        {
            Assert.Skip($"{file} is not on this machine: install Debian's package {package}.");
        }

        return NativeAllocator.FromFunctions(
            file,
            (delegate* unmanaged<nuint, void*>)NativeLibrary.GetExport(library, prefix + "malloc"),
            (delegate* unmanaged<void*, nuint, void*>)NativeLibrary.GetExport(library, prefix + "realloc"),
            (delegate* unmanaged<void*, void>)NativeLibrary.GetExport(library, prefix + "free"));
    }
}
