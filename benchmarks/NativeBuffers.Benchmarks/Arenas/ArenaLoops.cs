using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Benchmarks.Arenas;

/// <summary>Small things that live as long as each other: in an arena, and each on its own.</summary>
/// <remarks>Each loop returns the sum of the values that it wrote and read, which is the same for all.</remarks>
internal static class ArenaLoops
{
    /// <summary>The number of zeroed allocations of 16 bytes in one arena, which grows from its default size.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Arena(int turns, int byteCount)
    {
        int sum = 0;
        using var arena = NativeArena.Create();
        for (int turn = 0; turn < turns; turn++)
        {
            Span<Pair> pair = arena.Allocate<Pair>(1);
            pair[0].First = turn;
            sum += (int)pair[0].First;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SuppressMessage("Ownership", "NB0010", Justification = "The measure: code without the library.")]
    public static unsafe int TryFinally(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            var pair = (Pair*)NativeMemory.Alloc((nuint)sizeof(Pair));
            try
            {
                pair->First = turn;
                sum += (int)pair->First;
            }
            finally
            {
                NativeMemory.Free(pair);
            }
        }

        return sum;
    }

    /// <summary>An arena is created, four small things are allocated, and it is disposed.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int TinyArena(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using var arena = NativeArena.Create();
            Span<int> four = arena.Allocate<int>(4);
            Span<long> two = arena.Allocate<long>(2);
            Span<Pair> one = arena.Allocate<Pair>(1);
            Span<byte> ten = arena.Allocate<byte>(10);
            four[0] = turn;
            sum += four[0] + (int)two[0] + (int)one[0].First + ten[0];
        }

        return sum;
    }

    /// <summary>An arena is created, four elements of 16 bytes are allocated, and it is disposed.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int FourPairs(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using var arena = NativeArena.Create();
            ref Pair one = ref arena.New(new Pair { First = turn });
            ref Pair two = ref arena.New(default(Pair));
            ref Pair three = ref arena.New(default(Pair));
            ref Pair four = ref arena.New(default(Pair));
            sum += (int)(one.First + two.First + three.First + four.First);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe int FourBlocks(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            int* four = null;
            long* two = null;
            Pair* one = null;
            byte* ten = null;
            try
            {
                four = (int*)NativeMemory.AllocZeroed(4, sizeof(int));
                two = (long*)NativeMemory.AllocZeroed(2, sizeof(long));
                one = (Pair*)NativeMemory.AllocZeroed((nuint)sizeof(Pair));
                ten = (byte*)NativeMemory.AllocZeroed(10);
                four[0] = turn;
                sum += four[0] + (int)two[0] + (int)one->First + ten[0];
            }
            finally
            {
                NativeMemory.Free(four);
                NativeMemory.Free(two);
                NativeMemory.Free(one);
                NativeMemory.Free(ten);
            }
        }

        return sum;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Pair
    {
        public long First;
        public long Second;
    }
}
