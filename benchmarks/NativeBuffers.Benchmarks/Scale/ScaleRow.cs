using System.Diagnostics;
using System.Globalization;
using NativeBuffers.Benchmarks.Owners;
using NativeBuffers.Benchmarks.Pools;
using NativeBuffers.Benchmarks.Targets;

namespace NativeBuffers.Benchmarks.Scale;

/// <summary>One row of the table: some work, and the nanoseconds that it takes on a number of threads.</summary>
/// <param name="What">The work.</param>
/// <param name="Measure">Takes a number of threads; null if the work needs another number.</param>
internal sealed record ScaleRow(string What, Func<int, double?> Measure)
{
    /// <summary>The verb of the process that measures <see cref="ScopedCreateLoops.Buffer"/>, perhaps with guards, and prints nanoseconds.</summary>
    public const string Verb = "scale-scoped";

    private const int Size = 4096;
    private const int SmallSize = 64;
    private const string Sampled = "sampled:5000";
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(300);

    public static IReadOnlyList<ScaleRow> All { get; } =
    [
        new("scoped, 4 KiB", static threads => Crowd.Measure(threads, ScopedCreateLoops.Buffer, Size)),
        new("ArrayPool.Shared, 4 KiB", static threads => Crowd.Measure(threads, ScopedCreateLoops.ArrayPool, Size)),
        new("shared pool, RentBuffer, 4 KiB", static threads => Crowd.Measure(threads, PooledLoops.RentBuffer, Size)),
        new("own pool, RentBuffer, 4 KiB", static threads => Crowd.Measure(threads, PooledLoops.RentBufferOwn, Size)),
        new("scoped, 4 KiB, from one budget", OneBudget),
        new("owner created, borrowed, disposed, 64 B", static threads => Crowd.Measure(threads, HeapOwnerLoops.OwnerBorrowed, SmallSize)),
        new("scoped, 4 KiB, in a new process", static threads => InNewProcess("off", threads)),
        new($"scoped, 4 KiB, in a new process, guard {Sampled}", static threads => InNewProcess(Sampled, threads)),
        new("made here, freed there: RentBuffer, 1 KiB", static threads => InPairs(threads, Pairs.RentBuffer)),
        new("made here, freed there: owner, 1 KiB", static threads => InPairs(threads, Pairs.Owner)),
        new("made here, freed there: malloc, 1 KiB", static threads => InPairs(threads, Pairs.Malloc)),
        new("made here, freed there: ArrayPool.Shared, 1 KiB", static threads => InPairs(threads, Pairs.Array)),
    ];

    /// <summary>Runs the work once without a figure, and lets the background compiler finish.</summary>
    public void WarmUp()
    {
        _ = Measure(2);
        Thread.Sleep(s_pause);
    }

    /// <summary>The work of the started process.</summary>
    public static void RunChild(int threads)
    {
        _ = Crowd.Measure(threads, ScopedCreateLoops.Buffer, Size);
        Thread.Sleep(s_pause);
        Console.WriteLine(Crowd.Measure(threads, ScopedCreateLoops.Buffer, Size).ToString(CultureInfo.InvariantCulture));
    }

    private static double? OneBudget(int threads)
    {
        NativeAllocator budget = NativeAllocator.Default.WithLimit(1L << 30);
        return Crowd.Measure(threads, Create, Size);

        int Create(int turns, int byteCount)
        {
            int sum = 0;
            for (int turn = 0; turn < turns; turn++)
            {
                using var buffer = NativeBuffer.CreateUninitialized<byte>(byteCount, budget);
                buffer[0] = (byte)turn;
                sum += buffer[0];
            }

            return sum;
        }
    }

    private static double? InPairs(int threads, Func<int, int, Effort, double> measure) => threads % 2 == 0 ? measure(threads / 2, 1024, default) : null;

    /// <summary>Guards are switched on when a process starts, so these rows have processes of their own.</summary>
    private static double? InNewProcess(string guard, int threads)
    {
        (string, string)[] settings = [("NATIVEBUFFERS_GUARD", guard), ("NATIVEBUFFERS_TRACK", ""), ("DOTNET_TC_CallCountingDelayMs", "0")];
        return MeasuringProcess.Run(1, [Verb, threads.ToString(CultureInfo.InvariantCulture)], settings)[0];
    }
}
