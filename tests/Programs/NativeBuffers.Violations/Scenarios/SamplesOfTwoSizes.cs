namespace NativeBuffers.Violations;

/// <summary>Has small and large blocks at a time, and prints how many of each are guarded.</summary>
public sealed class SamplesOfTwoSizes : Scenario
{
    private const int Small = 64;
    private const int Large = 1 << 20;

    public override void Run(NativeAllocator allocator)
    {
        NativeMemoryOwner<byte>[] small = [.. Enumerable.Range(0, 1000).Select(_ => NativeMemoryOwner<byte>.Create(Small, allocator))];
        NativeMemoryOwner<byte>[] large = [.. Enumerable.Range(0, 50).Select(_ => NativeMemoryOwner<byte>.Create(Large, allocator))];
        IReadOnlyList<NativeMemoryReportBlock> guarded = NativeMemoryReport.Read(NativeMemoryReport.PathOfThisProcess).Blocks;
        Console.WriteLine($"small {guarded.Count(static block => block.ByteCount == Small)}");
        Console.WriteLine($"large {guarded.Count(static block => block.ByteCount == Large)}");

        // The old contents of a large place are gone when the next block comes.
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < large.Length; i++)
            {
                using (Borrow<byte> before = large[i].Borrow())
                {
                    before.Span.Fill(1);
                }

                large[i].Dispose();
                large[i] = NativeMemoryOwner<byte>.Create(Large, allocator);
                using Borrow<byte> after = large[i].Borrow();
                if (after.Span.ContainsAnyExcept((byte)0))
                {
                    Console.WriteLine("not zero");
                }
            }
        }

        Array.ForEach([.. small, .. large], static owner => owner.Dispose());
    }
}
