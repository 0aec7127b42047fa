using System.Diagnostics;
using System.Globalization;
using NativeBuffers.Benchmarks.Pools;
using NativeBuffers.Benchmarks.Targets;

namespace NativeBuffers.Benchmarks.Many;

/// <summary>Blocks of one size, of which many are live at once, freed in one order.</summary>
/// <param name="ByteCount">The size of a block.</param>
/// <param name="Count">The number of blocks that are live at once.</param>
/// <param name="Order">The order in which they are freed.</param>
internal sealed record ManyRow(int ByteCount, int Count, string Order)
{
    private const int Rounds = 5;

    /// <summary>A row with more bytes than this share of the machine's memory is skipped.</summary>
    private const double MostMemory = 0.4;

    private static readonly TimeSpan s_sample = TimeSpan.FromMilliseconds(20);

    public static IReadOnlyList<ManyRow> All { get; } =
    [
        .. from byteCount in (int[])[64, 1024, 64 * 1024, 256 * 1024]
           from count in (int[])[100, 10_000, 1_000_000]
           from order in ManyAlive.OrderNames
           select new ManyRow(byteCount, count, order),
    ];

    public string What => string.Create(CultureInfo.InvariantCulture, $"{SizeText} x {Count:N0}, freed {Order}");

    /// <summary>Whether the machine has the memory.</summary>
    public bool Fits => (double)ByteCount * Count < MostMemory * GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    private string SizeText => ByteCount < 1024 ? $"{ByteCount} B" : $"{ByteCount / 1024} KiB";

    /// <summary>The nanoseconds a block of mimalloc, and the library's times as multiples of them: bare, rented, owned.</summary>
    public (double Mimalloc, double Bare, double Rented, double Owned) Measure()
    {
        ManyAlive blocks = ManyAlive.Ordered(Count, Order);
        Loop[] loops = [blocks.Mimalloc, blocks.Bare, blocks.Rented, blocks.Owned];
        double[][] times = [.. loops.Select(static _ => new double[Rounds])];
        int[] turns = [.. loops.Select(loop => TurnsOf(loop))];
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < loops.Length; i++)
            {
                times[i][round] = Time(loops[i], turns[i]);
            }
        }

        // Blocks that stay in the caches must not serve or burden the next row.
        NativeMemoryCache.Trim();
        double[] medians = [.. times.Select(static all => all.Order().ElementAt(Rounds / 2))];
        return (medians[0], medians[1] / medians[0], medians[2] / medians[0], medians[3] / medians[0]);
    }

    /// <summary>The turns of a sample. The calls before it warm the loop up.</summary>
    private int TurnsOf(Loop loop)
    {
        double first = Time(loop, 1);
        double second = Time(loop, 1);
        return int.Clamp((int)(s_sample.TotalNanoseconds / (double.Min(first, second) * Count)), 1, 100_000);
    }

    /// <summary>Nanoseconds a block.</summary>
    private double Time(Loop loop, int turns)
    {
        long start = Stopwatch.GetTimestamp();
        _ = loop(turns, ByteCount);

        // The next sample is another loop's, and must not pay for these.
        GC.WaitForPendingFinalizers();
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / ((double)turns * Count);
    }
}
