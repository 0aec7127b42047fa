using System.Diagnostics;

namespace NativeBuffers.Tests.Races;

/// <summary>Memory stays flat when one thread rents and another returns.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class FlatMemoryRaceTests
{
    private const int QueueLength = 1024;
    private const long Megabyte = 1 << 20;

    [Theory]
    [InlineData(8, 8)]
    [InlineData(512, 16)]
    [InlineData(30_000, 32)]
    public void One_thread_rents_and_another_returns(int length, long mostMegabytes)
    {
        // Blocks that earlier tests have forgotten are cached before the count begins.
        Collector.Settle();
        NativeMemoryCache.Trim();
        long before = NativeMemoryCache.CachedBytes;
        long residentBefore = Resident();
        long most = 0;
        long mostResident = 0;
        var queue = new MarkedBuffer?[QueueLength];
        long written = 0;
        long read = 0;
        int window = (int)long.Min(QueueLength, 4 * Megabyte / (length * sizeof(long)));
        var race = new Race { IsEnough = () => Volatile.Read(ref read) > 100 };
        race.Run(
            random =>
            {
                if (written - Volatile.Read(ref read) < window)
                {
                    queue[written % QueueLength] = new MarkedBuffer(NativeMemoryPool<long>.Shared, length);
                    Volatile.Write(ref written, written + 1);
                }
                else
                {
                    Thread.Yield();
                }

                if (written % 4096 == 0)
                {
                    most = long.Max(most, NativeMemoryCache.CachedBytes - before);
                    mostResident = long.Max(mostResident, Resident() - residentBefore);
                }
            },
            random =>
            {
                if (read < Volatile.Read(ref written))
                {
                    MarkedBuffer buffer = queue[read % QueueLength]!;
                    buffer.Verify();
                    buffer.Buffer.Dispose();
                    Volatile.Write(ref read, read + 1);
                }
                else
                {
                    Thread.Yield();
                }
            });
        for (; read < written; read++)
        {
            queue[read % QueueLength]!.Buffer.Dispose();
        }

        Assert.InRange(most, 0, mostMegabytes * Megabyte);
        Assert.InRange(mostResident, long.MinValue, (mostMegabytes + 128) * Megabyte);
        Assert.True(read > 100, $"{read} buffers.");
    }

    private static long Resident()
    {
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
