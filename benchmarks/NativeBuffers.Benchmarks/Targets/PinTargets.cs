using System.Buffers;
using System.Diagnostics;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The target that a pin costs the same, however many pins of its block are active.</summary>
internal static class PinTargets
{
    private const int PinCount = 32_000;
    private const int FewPins = 16;
    private const int Rounds = 11;
    private const double TargetMicroseconds = 0.2;

    public static string What => "Pins of one owner, 32,000 at once, each begun and ended";

    public static IEnumerable<TargetRow> Measure(Effort effort)
    {
        int rounds = effort.Rounds(Rounds);
        _ = Median(PinCount, rounds);
        _ = Median(FewPins, rounds);
        double few = Median(FewPins, rounds);
        double many = Median(PinCount, rounds);
        yield return new TargetRow(What, $"{FewPins} at once")
        {
            Ours = $"{many:0.000} µs",
            Theirs = $"{few:0.000} µs",
            Ratio = $"{many / few:0.000}",
            Target = $"≤ {TargetMicroseconds:0.0} µs",
            IsMet = many <= TargetMicroseconds,
        };
    }

    private static double Median(int atOnce, int rounds) => Enumerable.Range(0, rounds).Select(_ => Sample(atOnce)).Order().ElementAt(rounds / 2);

    /// <summary>Microseconds a pin.</summary>
    private static double Sample(int atOnce)
    {
        using NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.Create(64);
        var pins = new MemoryHandle[atOnce];
        long start = Stopwatch.GetTimestamp();
        for (int turn = 0; turn < PinCount / atOnce; turn++)
        {
            for (int i = 0; i < pins.Length; i++)
            {
                pins[i] = owner.Pin();
            }

            foreach (ref MemoryHandle pin in pins.AsSpan())
            {
                pin.Dispose();
            }
        }

        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / PinCount;
    }
}
