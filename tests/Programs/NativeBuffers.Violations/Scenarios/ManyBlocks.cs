namespace NativeBuffers.Violations;

/// <summary>Has many blocks at a time, twice. Prints the number of additional mappings, and of blocks that were not guarded.</summary>
public sealed class ManyBlocks : Scenario
{
    private const int Length = 40_000;

    public override void Run(NativeAllocator allocator)
    {
        NativeMemoryOwner<int>.Create(4, allocator).Dispose();
        int before = File.ReadAllLines("/proc/self/maps").Length;
        int most = 0;
        for (int round = 0; round < 2; round++)
        {
            NativeMemoryOwner<int>[] owners = [.. Enumerable.Range(0, Length).Select(_ => NativeMemoryOwner<int>.Create(4, allocator))];
            most = int.Max(most, File.ReadAllLines("/proc/self/maps").Length);
            for (int i = 0; i < Length; i++)
            {
                using Borrow<int> borrow = owners[i].Borrow();
                borrow.Span.Fill(i);
            }

            for (int i = 0; i < Length; i++)
            {
                using (Borrow<int> borrow = owners[i].Borrow())
                {
                    if (borrow.Span.ContainsAnyExcept(i))
                    {
                        Console.WriteLine($"wrong {i}");
                    }
                }

                owners[i].Dispose();
            }
        }

        Console.WriteLine($"mappings {most - before}");
        Console.WriteLine($"unguarded {NativeMemoryReport.Read(NativeMemoryReport.PathOfThisProcess).UnguardedCount}");
    }
}
