using System.Diagnostics;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The target that disposing of an owner that another thread has borrowed costs at most so much more.</summary>
internal static class DisposeCost
{
    private const int OwnerCount = 500;
    private const int Rounds = 21;
    private const double TargetMicroseconds = 5;

    public static string What => "Dispose after another thread's borrow";

    public static IEnumerable<TargetRow> Measure(Effort effort)
    {
        int rounds = effort.Rounds(Rounds);
        _ = Medians(rounds);
        (double never, double borrowed) = Medians(rounds);
        yield return new TargetRow(What, "never borrowed")
        {
            Ours = $"{borrowed:0.000} µs",
            Theirs = $"{never:0.000} µs",
            Target = $"+ ≤ {TargetMicroseconds:0} µs",
            IsMet = borrowed - never <= TargetMicroseconds,
        };
    }

    private static (double Never, double Borrowed) Medians(int rounds)
    {
        double[] never = new double[rounds];
        double[] borrowed = new double[rounds];
        for (int round = 0; round < rounds; round++)
        {
            never[round] = Sample(isBorrowed: false);
            borrowed[round] = Sample(isBorrowed: true);
        }

        Array.Sort(never);
        Array.Sort(borrowed);
        return (never[rounds / 2], borrowed[rounds / 2]);
    }

    /// <summary>Microseconds a disposal. Both times another thread is there; once it borrows each owner before.</summary>
    private static double Sample(bool isBorrowed)
    {
        var owners = new NativeMemoryOwner<byte>[OwnerCount];
        for (int i = 0; i < owners.Length; i++)
        {
            owners[i] = NativeMemoryOwner<byte>.Create(64);
        }

        var other = new Thread(() =>
        {
            int sum = 0;
            foreach (NativeMemoryOwner<byte> owner in owners)
            {
                if (isBorrowed)
                {
                    using var borrow = owner.Borrow();
                    sum += borrow[0];
                }
            }

            GC.KeepAlive(sum);
        });
        other.Start();
        other.Join();
        long start = Stopwatch.GetTimestamp();
        foreach (NativeMemoryOwner<byte> owner in owners)
        {
            owner.Dispose();
        }

        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / OwnerCount;
    }
}
