using System.Runtime.CompilerServices;

namespace NativeBuffers.Benchmarks.Collections;

/// <summary>A short list is filled with 64 numbers; and, in other loops, summed.</summary>
/// <remarks>
/// Each pair of loops returns the same. Summing takes as long on both sides, some 20 ns: each addition waits for the one before.
/// </remarks>
internal static class ScratchLoops
{
    public const int Count = 64;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int ScratchFill(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += FillOnStack(turn);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int ManagedFill(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += FillOnHeap(turn);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Scratch(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += SumOnStack(turn);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Managed(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += SumOnHeap(turn);
        }

        return sum;
    }

    // Methods of their own: memory on the stack is given back when they return.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int FillOnStack(int first)
    {
        using var list = new ScratchList<int>(stackalloc int[Count]);
        for (int i = 0; i < Count; i++)
        {
            list.Add(first + i);
        }

        return list[Count - 1];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int FillOnHeap(int first)
    {
        var list = new List<int>();
        for (int i = 0; i < Count; i++)
        {
            list.Add(first + i);
        }

        return list[Count - 1];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int SumOnStack(int first)
    {
        using var list = new ScratchList<int>(stackalloc int[Count]);
        for (int i = 0; i < Count; i++)
        {
            list.Add(first + i);
        }

        int sum = 0;
        foreach (int number in list.AsSpan())
        {
            sum += number;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int SumOnHeap(int first)
    {
        var list = new List<int>();
        for (int i = 0; i < Count; i++)
        {
            list.Add(first + i);
        }

        int sum = 0;
        foreach (int number in list)
        {
            sum += number;
        }

        return sum;
    }
}
