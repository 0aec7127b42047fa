using System.Runtime.CompilerServices;

namespace NativeBuffers.Benchmarks.Collections;

/// <summary>A short list is filled with 64 numbers and summed.</summary>
/// <remarks>Each loop returns the sum, which is the same for all.</remarks>
internal static class ScratchLoops
{
    public const int Count = 64;

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

    // A method of its own: memory on the stack is given back when that returns.
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
