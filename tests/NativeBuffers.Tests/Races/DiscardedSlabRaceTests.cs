using System.Buffers;
using NativeBuffers.Blocks;

namespace NativeBuffers.Tests.Races;

/// <summary>Threads use copies of rentals, many of them stale or torn, while another thread gives the memory of slots back, and makes them again.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public class DiscardedSlabRaceTests
{
    private const int Length = 64;
    private readonly PooledBuffer<byte>[] _places = new PooledBuffer<byte>[64];
    private readonly HashSet<nint> _slots = [];
    private long _discards;
    private long _uses;

    [Fact]
    public void No_copy_reaches_the_block_of_a_later_rental_and_no_pin_is_lost()
    {
        Needs.Caches();
        var race = new Race { IsEnough = () => Volatile.Read(ref _discards) > 20 && Volatile.Read(ref _uses) > 100 };
        race.Run(RentAndTrim, Use, Use, Use);
        NativeMemoryCache.Trim();
        Assert.NotEmpty(_slots);
        foreach (nint slot in _slots)
        {
            Assert.Equal(0, PinsOf(slot));
        }
    }

    /// <summary>Rents the slots of some slabs, shows some of the rentals, disposes all, and trims.</summary>
    private void RentAndTrim(Random random)
    {
        byte mark = (byte)random.Next(256);
        PooledBuffer<byte>[] rented = [.. Enumerable.Range(0, random.Next(800, 2500)).Select(static _ => NativeMemoryPool<byte>.Shared.RentBuffer(Length))];
        foreach (PooledBuffer<byte> buffer in rented)
        {
            buffer.Fill(mark);
        }

        for (int i = 0; i < 2000; i++)
        {
            PooledBuffer<byte> shown = rented[random.Next(rented.Length)];
            _places[random.Next(_places.Length)] = random.Next(8) == 0 ? default : shown;
        }

        foreach (Rental rental in rented.Where((_, i) => i % 50 == 0).Select(static buffer => new Rental(buffer)))
        {
            _ = _slots.Add(SlotOf(rental));
        }

        foreach (PooledBuffer<byte> buffer in rented)
        {
            // Some were disposed by another thread.
            buffer.Dispose();
        }

        NativeMemoryCache.Trim();
        _discards += _slots.Any(static slot => !HasMemory(slot)) ? 1 : 0;
    }

    /// <summary>Uses a copy in one way. Its bytes are all the same, because each rental has one mark.</summary>
    private void Use(Random random)
    {
        PooledBuffer<byte> copy = _places[random.Next(_places.Length)];
        try
        {
            switch (random.Next(6))
            {
                case 0:
                    using (Borrow<byte> borrow = copy.Borrow())
                    {
                        AssertUniform(borrow.Span);
                    }

                    break;
                case 1:
                    Memory<byte> memory = copy.Memory;
                    using (memory.Pin())
                    {
                        AssertUniform(memory.Span);
                    }

                    break;
                case 2:
                    using (IMemoryOwner<byte> kept = copy.Retain())
                    {
                        AssertUniform(kept.Memory.Span);
                    }

                    break;
                case 3:
                    _ = copy.AsSpan().Length;
                    break;
                case 4:
                    _ = copy.Length + (copy.IsDisposed ? 1 : 0);
                    break;
                default:
                    if (random.Next(10) == 0)
                    {
                        copy.Dispose();
                    }

                    break;
            }

            _ = Interlocked.Increment(ref _uses);
        }
        catch (ObjectDisposedException)
        {
        }
    }

    private static void AssertUniform(ReadOnlySpan<byte> bytes) =>
        Assert.True(bytes.IsEmpty || bytes.IndexOfAnyExcept(bytes[0]) < 0, "The bytes are those of two rentals.");

    private static unsafe int PinsOf(nint slot) => Volatile.Read(ref SlotTable.PinsOf((Slot*)slot));

    private static unsafe nint SlotOf(Rental rental) => (nint)rental.Slot;

    private static unsafe bool HasMemory(nint slot) => SlotSlab.Of((Slot*)slot)->HasMemory;
}
