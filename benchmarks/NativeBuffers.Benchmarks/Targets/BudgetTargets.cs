using System.Diagnostics;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The targets of budgets: the time that a limit adds to a scoped buffer of 4 KiB, on one thread and on two.</summary>
internal static class BudgetTargets
{
    private const int ByteCount = 4096;
    private const int Rounds = 41;
    private const int Turns = 20_000;
    private const int WarmUpCalls = 40;
    private const double TargetOne = 10;
    private const double TargetThree = 20;
    private const double TargetTwoThreads = 1.15;

    private static readonly NativeAllocator s_one = NativeAllocator.Default.WithLimit(1L << 30);
    private static readonly NativeAllocator s_three = NativeAllocator.Default.WithLimit(1L << 30).WithLimit(1L << 29).WithLimit(1L << 28);

    public static string What => "Scoped 4 KiB from a budget";

    public static IEnumerable<TargetRow> Measure(Effort effort)
    {
        int rounds = effort.Rounds(Rounds);
        for (int call = 0; call < WarmUpCalls; call++)
        {
            _ = (Turn(null), Turn(s_one), Turn(s_three));
            if (call % 10 == 0)
            {
                // The compiler begins when no new method has been called for 100 ms, and works in the background.
                Thread.Sleep(250);
            }
        }

        yield return Added(What, s_one, TargetOne, rounds);
        yield return Added($"{What}, tree of three", s_three, TargetThree, rounds);
        yield return TwoThreads(rounds);
    }

    private static TargetRow Added(string what, NativeAllocator budget, double target, int rounds)
    {
        double[] ours = new double[rounds];
        double[] theirs = new double[rounds];
        for (int round = 0; round < rounds; round++)
        {
            ours[round] = Turn(budget);
            theirs[round] = Turn(null);
        }

        double[] added = [.. ours.Zip(theirs, static (our, their) => our - their)];
        return new TargetRow(what, "the same without")
        {
            Ours = $"{Median(ours):0.00} ns",
            Theirs = $"{Median(theirs):0.00} ns",
            Ratio = $"+{Median(added):0.0} ns",
            Spread = $"{added.Min():0.0}-{added.Max():0.0}",
            Target = $"≤ +{target:0} ns",
            IsMet = Median(added) <= target,
        };
    }

    private static TargetRow TwoThreads(int rounds)
    {
        double[] two = new double[rounds];
        double[] one = new double[rounds];
        for (int round = 0; round < rounds; round++)
        {
            one[round] = Turn(s_one);
            using var companion = new Companion(static (_, _) => (int)Turn(s_one), Turns, ByteCount);
            two[round] = Turn(s_one);
        }

        double[] ratios = [.. two.Zip(one, static (our, their) => our / their)];
        double ratio = Median(two) / Median(one);
        return new TargetRow($"{What}, two threads", "one thread")
        {
            Ours = $"{Median(two):0.00} ns",
            Theirs = $"{Median(one):0.00} ns",
            Ratio = $"{ratio:0.000}",
            Spread = $"{ratios.Min():0.000}-{ratios.Max():0.000}",
            Target = $"≤ {TargetTwoThreads:0.00}",
            IsMet = ratio <= TargetTwoThreads,
        };
    }

    /// <summary>Nanoseconds a buffer.</summary>
    private static double Turn(NativeAllocator? allocator)
    {
        long start = Stopwatch.GetTimestamp();
        _ = allocator is null ? WithoutBudget() : WithBudget(allocator);
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / Turns;
    }

    private static int WithoutBudget()
    {
        int sum = 0;
        for (int i = 0; i < Turns; i++)
        {
            using NativeBuffer<byte> buffer = NativeBuffer.CreateUninitialized<byte>(ByteCount);
            buffer[0] = (byte)i;
            sum += buffer[0];
        }

        return sum;
    }

    private static int WithBudget(NativeAllocator budget)
    {
        int sum = 0;
        for (int i = 0; i < Turns; i++)
        {
            using NativeBuffer<byte> buffer = NativeBuffer.CreateUninitialized<byte>(ByteCount, budget);
            buffer[0] = (byte)i;
            sum += buffer[0];
        }

        return sum;
    }

    private static double Median(double[] times) => times.Order().ElementAt(times.Length / 2);
}
