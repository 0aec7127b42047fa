using System.Diagnostics;
using NativeBuffers.Benchmarks.Owners;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The target that an owner as a parameter of a C function costs little more than a raw pointer.</summary>
internal static class CallTargets
{
    private const int Calls = 20;
    private const int TurnsPerCall = 10_000;
    private const int Rounds = 21;
    private const double TargetNanoseconds = 3;

    public static string What => "An owner as a parameter of C";

    public static void WarmUp()
    {
        foreach (Loop loop in (Loop[])[CallLoops.Pointer, CallLoops.Owner, CallLoops.Borrow])
        {
            _ = Sample(loop);
        }
    }

    public static IEnumerable<TargetRow> Measure(Effort effort)
    {
        int rounds = effort.Rounds(Rounds);
        double[] pointer = new double[rounds];
        double[] owner = new double[rounds];
        double[] borrow = new double[rounds];
        for (int round = 0; round < rounds; round++)
        {
            pointer[round] = Sample(CallLoops.Pointer);
            owner[round] = Sample(CallLoops.Owner);
            borrow[round] = Sample(CallLoops.Borrow);
        }

        yield return Row(What, owner);
        yield return Row("A borrow as a parameter of C", borrow);

        TargetRow Row(string what, double[] ours) => new(what, "a raw pointer, one call")
        {
            Ours = $"{Median(ours):0.00} ns",
            Theirs = $"{Median(pointer):0.00} ns",
            Target = $"+ ≤ {TargetNanoseconds:0} ns",
            IsMet = Median(ours) - Median(pointer) <= TargetNanoseconds,
        };
    }

    /// <summary>Nanoseconds a call.</summary>
    private static double Sample(Loop loop)
    {
        long start = Stopwatch.GetTimestamp();
        for (int call = 0; call < Calls; call++)
        {
            _ = loop(TurnsPerCall, 0);
        }

        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / (Calls * TurnsPerCall);
    }

    private static double Median(double[] samples) => samples.Order().ElementAt(samples.Length / 2);
}
