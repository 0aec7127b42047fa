using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>A block of mimalloc is allocated, one byte is written and read, and the block is freed: by function pointers, or as a buffer.</summary>
/// <remarks>Each loop returns the sum of the values that it read, which is the same for all.</remarks>
internal static class FunctionsLoops
{
    private static unsafe delegate* unmanaged<nuint, void*> s_allocate;
    private static unsafe delegate* unmanaged<void*, void> s_free;
    private static NativeAllocator? s_allocator;

    /// <summary>Loads the library once; false if it is not on this machine.</summary>
    public static bool TryLoad()
    {
        if (s_allocator is null && NativeLibrary.TryLoad("libmimalloc.so.2", out nint library))
        {
            unsafe
            {
                // SAFETY: these are mimalloc's functions of these signatures, and the library stays loaded.
                s_allocate = (delegate* unmanaged<nuint, void*>)NativeLibrary.GetExport(library, "mi_malloc");
                s_free = (delegate* unmanaged<void*, void>)NativeLibrary.GetExport(library, "mi_free");
                var resize = (delegate* unmanaged<void*, nuint, void*>)NativeLibrary.GetExport(library, "mi_realloc");
                s_allocator = NativeAllocator.FromFunctions("mimalloc", s_allocate, resize, s_free);
            }
        }

        return s_allocator is not null;
    }

    /// <summary>A block of mimalloc.</summary>
    /// <safety>The library is loaded. The block belongs to the caller.</safety>
    public static unsafe void* Allocate(nuint byteCount) => s_allocate(byteCount);

    /// <summary>Frees a block of mimalloc.</summary>
    /// <safety>The block came from <see cref="Allocate"/>, and no copy of its address is used again.</safety>
    public static unsafe void Free(void* block) => s_free(block);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Buffer(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using var buffer = NativeBuffer.CreateUninitialized<byte>(byteCount, s_allocator);
            buffer[0] = (byte)turn;
            sum += buffer[0];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Zeroed(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using var buffer = NativeBuffer.Create<byte>(byteCount, s_allocator);
            buffer[0] = (byte)turn;
            sum += buffer[0];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int TryFinally(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            unsafe
            {
                // SAFETY: the block has at least one byte, and is not used after the free.
                byte* block = (byte*)s_allocate((nuint)byteCount);
                try
                {
                    block[0] = (byte)turn;
                    sum += block[0];
                }
                finally
                {
                    s_free(block);
                }
            }
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int TryFinallyZeroed(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            unsafe
            {
                // SAFETY: the block has at least one byte, and is not used after the free.
                byte* block = (byte*)s_allocate((nuint)byteCount);
                try
                {
                    NativeMemory.Clear(block, (nuint)byteCount);
                    block[0] = (byte)turn;
                    sum += block[0];
                }
                finally
                {
                    s_free(block);
                }
            }
        }

        return sum;
    }
}
