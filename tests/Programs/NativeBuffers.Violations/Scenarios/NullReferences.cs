namespace NativeBuffers.Violations;

/// <summary>Uses null, which is a fault that a program can catch.</summary>
public sealed class NullReferences : Scenario
{
    public override void Run(NativeAllocator allocator)
    {
        using var buffer = NativeBuffer.Create<byte>(100, allocator);
        int caught = 0;
        Parallel.For(
            0,
            20_000,
            _ =>
            {
                try
                {
                    Use(null!);
                }
                catch (NullReferenceException)
                {
                    Interlocked.Increment(ref caught);
                }
            });
        Console.WriteLine($"caught {caught}");
        Console.WriteLine($"fault {NativeMemoryReport.Read(NativeMemoryReport.PathOfThisProcess).Fault is not null}");
    }

    private static int Use(int[] none) => none.Length;
}
