using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Benchmarks.Collections;

/// <summary>A list is filled with 100 million numbers, one by one, in a process of its own: how long it takes, and how much memory.</summary>
/// <remarks>
/// In a process of its own because peaks cannot be reset, and because a process that does it again and again keeps the garbage
/// collector's memory for the next list. Before, the process warms the compiler up with short lists.
/// </remarks>
internal static class ListGrowth
{
    /// <summary>The verb by which the process is started that measures one list, and then prints milliseconds and peak bytes.</summary>
    public const string Verb = "fill-list";

    public const int Count = 100_000_000;

    private const int ShortCount = 1000;
    private const int WarmUps = 6000;

    /// <summary>The kinds of list, by the word that follows the verb.</summary>
    public static IReadOnlyDictionary<string, Func<int, long>> Kinds { get; } =
        new Dictionary<string, Func<int, long>> { ["native"] = FillNative, ["managed"] = FillManaged };

    /// <summary>The work of the started process.</summary>
    public static void RunChild(string kind)
    {
        Func<int, long> fill = Kinds[kind];
        for (int i = 0; i < WarmUps; i++)
        {
            _ = fill(ShortCount);
            if (i == WarmUps / 2)
            {
                // The compiler finishes in the background.
                Thread.Sleep(TimeSpan.FromMilliseconds(300));
            }
        }

        long start = Stopwatch.GetTimestamp();
        if (fill(Count) != Count)
        {
            throw new InvalidOperationException("The list has another count.");
        }

        double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{milliseconds} {Process.GetCurrentProcess().PeakWorkingSet64}"));
    }

    /// <summary>Starts such a process, and reads its output.</summary>
    public static (double Milliseconds, long PeakBytes) Measure(string kind)
    {
        double[] figures = MeasuringProcess.Run(2, [Verb, kind]);
        return (figures[0], (long)figures[1]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long FillNative(int count)
    {
        using var list = new NativeList<int>();
        for (int i = 0; i < count; i++)
        {
            list.Add(i);
        }

        return list.LongCount;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long FillManaged(int count)
    {
        var list = new List<int>();
        for (int i = 0; i < count; i++)
        {
            list.Add(i);
        }

        return list.Count;
    }
}
