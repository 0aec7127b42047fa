using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>Buffers of 16 bytes to 16 KiB are created, partly written, summed and disposed, in a process of its own: how long it takes.</summary>
/// <remarks>In a process of its own because guards are switched on when a process starts.</remarks>
internal static class MixedBuffers
{
    /// <summary>The verb by which the process is started that does the work, and then prints milliseconds.</summary>
    public const string Verb = "mixed-buffers";

    private const int BufferCount = 10_000_000;

    /// <summary>Enough buffers that the path of samples, which are rare, is compiled too.</summary>
    private const int WarmUps = 400;

    /// <summary>As many small sizes as large ones: each power of two is as likely as the next.</summary>
    private static readonly int[] s_lengths = MakeLengths();

    /// <summary>The work of the started process.</summary>
    public static void RunChild()
    {
        for (int i = 0; i < WarmUps; i++)
        {
            _ = Work(s_lengths.Length);
            if (i == WarmUps / 2)
            {
                // The compiler finishes in the background.
                Thread.Sleep(TimeSpan.FromMilliseconds(300));
            }
        }

        // The processor's time, in the program and in the system: the machine's other work does not count.
        TimeSpan start = Environment.CpuUsage.TotalTime;
        long sum = Work(BufferCount);
        double milliseconds = (Environment.CpuUsage.TotalTime - start).TotalMilliseconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{milliseconds} {sum}"));
    }

    /// <summary>Starts such a process, and reads its output.</summary>
    /// <param name="guard">The value of <c>NATIVEBUFFERS_GUARD</c>.</param>
    public static double Measure(string guard)
    {
        // The compiler waits until no new method has been called for a while; each first step of a sample's way is one, and the loop
        // would be measured in its first, unoptimized code. Seen: 1.7 instead of 1.01.
        (string, string)[] settings = [("NATIVEBUFFERS_GUARD", guard), ("NATIVEBUFFERS_TRACK", ""), ("DOTNET_TC_CallCountingDelayMs", "0")];
        return MeasuringProcess.Run(2, [Verb], settings)[0];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long Work(int count)
    {
        int[] lengths = s_lengths;
        long sum = 0;
        for (int i = 0; i < count; i++)
        {
            using var buffer = NativeBuffer.Create<long>(lengths[i & (lengths.Length - 1)]);
            buffer.AsSpan(0, (buffer.Length + 3) / 4).Fill(i);
            foreach (long item in buffer.AsSpan())
            {
                sum += item;
            }
        }

        return sum;
    }

    private static int[] MakeLengths()
    {
        var random = new Random(5);
        int[] lengths = new int[4096];
        foreach (ref int length in lengths.AsSpan())
        {
            length = (int)(Math.Pow(2, 4 + (random.NextDouble() * 10)) / sizeof(long));
        }

        return lengths;
    }
}
