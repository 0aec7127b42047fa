using System.Diagnostics;

namespace NativeBuffers.Tests.Races;

/// <summary>One thread stores rentals to a field while another reads it, so that it gets values put together from two.</summary>
[Slow]
public class TornPooledBufferTests
{
    private PooledBuffer<byte> _field;

    [Fact]
    public void No_value_gives_more_of_a_block_than_there_is()
    {
        using PooledBuffer<byte> small = NativeMemoryPool<byte>.Shared.RentBuffer(64);
        using PooledBuffer<byte> large = NativeMemoryPool<byte>.Shared.RentBuffer(4096);
        bool isOver = false;
        var writer = new Thread(
            () =>
            {
                while (!Volatile.Read(ref isOver))
                {
                    _field = large;
                    _field = small;
                }
            });
        writer.Start();
        int torn = 0;
        int tooLong = 0;
        for (var watch = Stopwatch.StartNew(); Race.GoesOn(watch);)
        {
            PooledBuffer<byte> read = _field;
            try
            {
                Span<byte> span = read.AsSpan();
                tooLong += span.Length == 4096 && span.Overlaps(small.AsSpan()) ? 1 : 0;
                using Borrow<byte> borrow = read.Borrow();
                tooLong += borrow.Length == 4096 && borrow.Span.Overlaps(small.AsSpan()) ? 1 : 0;
            }
            catch (ObjectDisposedException)
            {
                torn++;
            }
        }

        isOver = true;
        writer.Join();
        Assert.True(tooLong == 0, $"{tooLong} views reached behind their block; {torn} were refused.");
    }
}
