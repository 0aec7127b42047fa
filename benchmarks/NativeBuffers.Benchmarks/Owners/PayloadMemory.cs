using System.Diagnostics;
using System.Globalization;
using NativeBuffers.Benchmarks.Pools;
using NativeBuffers.Benchmarks.Targets;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>The memory that a process needs for each byte of many blocks: while they are live, and after all are freed and trimmed.</summary>
/// <remarks>Each kind has a process of its own, because freed memory of one kind would serve the next.</remarks>
internal static class PayloadMemory
{
    /// <summary>The verb by which the process is started that measures, and then prints two ratios.</summary>
    public const string Verb = "payload-memory";

    /// <summary>The kind that is no block of the library.</summary>
    public const string Rival = "mimalloc";

    private const int BlockCount = 500_000;
    private const int WarmUps = 20_000;

    public static IReadOnlyList<string> Kinds { get; } = ["bare", "rented", "owned"];

    /// <summary>The work of the started process.</summary>
    public static void RunChild(string kind, int byteCount)
    {
        // Compiles the loops, and fills the caches a little.
        for (int i = 0; i < 3; i++)
        {
            var few = new ManyAlive(WarmUps, [.. Enumerable.Range(0, WarmUps)]);
            Take(few, kind, byteCount);
            Free(few, kind, byteCount);
            Thread.Sleep(TimeSpan.FromMilliseconds(200));
        }

        Trim();
        var blocks = new ManyAlive(BlockCount, [.. Enumerable.Range(0, BlockCount)]);
        blocks.TouchArrays();
        long before = ResidentMemory.ByteCount;
        Take(blocks, kind, byteCount);
        long alive = ResidentMemory.ByteCount - before;
        Free(blocks, kind, byteCount);
        Trim();
        long after = ResidentMemory.ByteCount - before;
        double payload = (double)BlockCount * byteCount;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{alive / payload} {after / payload}"));
        GC.KeepAlive(blocks);
    }

    /// <summary>Starts such a process, and reads its output.</summary>
    public static (double Alive, double After) Measure(string kind, int byteCount)
    {
        double[] figures = MeasuringProcess.Run(2, [Verb, kind, byteCount.ToString(CultureInfo.InvariantCulture)]);
        return (figures[0], figures[1]);
    }

    /// <summary>Two collections: after the first one, finalizers run, and cleaners go.</summary>
    private static void Trim()
    {
        for (int i = 0; i < 2; i++)
        {
            NativeMemoryCache.Trim();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    private static void Take(ManyAlive blocks, string kind, int byteCount)
    {
        switch (kind)
        {
            case "bare":
                blocks.TakeBare(byteCount);
                break;
            case "rented":
                blocks.Rent(byteCount);
                break;
            case "owned":
                blocks.Own(byteCount);
                break;
            default:
                _ = FunctionsLoops.TryLoad();
                blocks.TakeMimalloc(byteCount);
                break;
        }
    }

    private static void Free(ManyAlive blocks, string kind, int byteCount) => _ = kind switch
    {
        "bare" => blocks.FreeBare(byteCount),
        "rented" => blocks.FreeRented(),
        "owned" => blocks.FreeOwned(),
        _ => blocks.FreeMimalloc(),
    };
}
