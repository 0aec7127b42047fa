namespace NativeBuffers.Tests.TestKit;

/// <summary>Numbers by which each owner's elements are known: no two owners ever have the same.</summary>
internal static class Mark
{
    private static long s_last = 0x1000;

    public static long Next() => Interlocked.Increment(ref s_last);

    /// <summary>Fails unless all elements hold the mark.</summary>
    public static void Verify(ReadOnlySpan<long> elements, long mark)
    {
        int index = elements.IndexOfAnyExcept(mark);
        if (index >= 0)
        {
            Fail(index, elements, mark);
        }
    }

    /// <summary>Reads, writes and reads the elements for a while; a thread that uses them without right is found.</summary>
    public static void Use(Span<long> elements, long mark, Random random)
    {
        Verify(elements, mark);
        if (random.Next(2) == 0)
        {
            elements.Fill(mark);
        }

        if (random.Next(4) == 0)
        {
            Thread.SpinWait(random.Next(100));
        }

        Verify(elements, mark);
    }

    private static void Fail(int index, ReadOnlySpan<long> elements, long mark) =>
        Assert.Fail($"Element {index} of {elements.Length} holds {elements[index]:X}, not {mark:X}: somebody else's, or freed.");
}
