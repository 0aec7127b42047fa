using System.Runtime.CompilerServices;
using Apache.Arrow;
using Apache.Arrow.Memory;

namespace NativeBuffers.Arrow.Tests;

/// <summary>Counts the wrong reads through spans whose Arrow arrays were dropped and collected before.</summary>
internal static class Dropped
{
    private const int Length = 100;
    private const int RoundsOfCollection = 100;

    /// <summary>Each round takes a span, drops the array, and reads after a collection and after other arrays were made.</summary>
    /// <remarks>The stack holds the spans of 100 rounds, which share one collection.</remarks>
    public static int CountWrong(MemoryAllocator allocator, int rounds)
    {
        int wrong = 0;
        for (int done = 0; done < rounds; done += RoundsOfCollection)
        {
            wrong += Nest(allocator, done, RoundsOfCollection);
        }

        return wrong;
    }

    private static int Nest(MemoryAllocator allocator, int value, int depth)
    {
        if (depth == 0)
        {
            CollectAndOverwrite(allocator);
            return 0;
        }

        ReadOnlySpan<int> span = SpanOf(allocator, value);
        int wrong = Nest(allocator, value + 1, depth - 1);
        return span.Length == Length && !span.ContainsAnyExcept(value) ? wrong : wrong + 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ReadOnlySpan<int> SpanOf(MemoryAllocator allocator, int value) => ArrayOf(allocator, value).Values;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CollectAndOverwrite(MemoryAllocator allocator)
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        for (int i = 0; i < 2 * RoundsOfCollection; i++)
        {
            _ = ArrayOf(allocator, -1);
        }
    }

    private static Int32Array ArrayOf(MemoryAllocator allocator, int value) =>
        new Int32Array.Builder().AppendRange(Enumerable.Repeat(value, Length)).Build(allocator);
}
