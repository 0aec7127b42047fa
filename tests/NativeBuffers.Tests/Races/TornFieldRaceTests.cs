using System.Buffers;

namespace NativeBuffers.Tests.Races;

/// <summary>Two threads store rentals and <c>default</c> to one field, and two threads use the values that they read there.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public class TornFieldRaceTests
{
    /// <summary>In elements: each block of the pool is full, so that all of its elements hold one mark.</summary>
    private static readonly int[] s_lengths = [8, 8, 512];

    private PooledBuffer<long> _field;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_value_read_there_reaches_no_next_renter_and_loses_no_block(bool isPoisoning)
    {
        PoisoningAllocator? allocator = isPoisoning ? new() : null;
        NativeMemoryPool<long> pool = allocator is null
            ? NativeMemoryPool<long>.Shared
            : new(new NativePoolOptions { Allocator = allocator, CachedBytesLimit = 64 * 1024 });
        var race = new Race();
        race.Run(Store, Store, Use, Use);
        _field = default;
        if (allocator is not null)
        {
            pool.Dispose();
            allocator.AssertAllCameBack();
        }

        void Store(Random random)
        {
            var stored = new MarkedBuffer(pool, s_lengths[random.Next(s_lengths.Length)]);
            for (int i = random.Next(20); i >= 0; i--)
            {
                _field = stored.Buffer;
                _field = default;
            }

            _field = stored.Buffer;
            Thread.SpinWait(random.Next(20));
            stored.Buffer.Dispose();
            var next = new MarkedBuffer(pool, s_lengths[random.Next(s_lengths.Length)]);
            Thread.SpinWait(random.Next(20));
            next.Verify();
            next.Buffer.Dispose();
        }

        void Use(Random random)
        {
            PooledBuffer<long> read = _field;
            try
            {
                UseBy(random.Next(6), read);
            }
            catch (InvalidOperationException)
            {
                // It was given back, or it cannot be resized while the second reader borrows it.
            }
        }
    }

    private static void UseBy(int way, PooledBuffer<long> buffer)
    {
        switch (way)
        {
            case 0:
                using (Borrow<long> borrow = buffer.Borrow())
                {
                    AssertOneMark(borrow.Span);
                }

                break;
            case 1:
                using (IMemoryOwner<long> retained = buffer.Retain())
                {
                    AssertOneMark(retained.Memory.Span);
                }

                break;
            case 2:
                Memory<long> memory = buffer.Memory;
                using (MemoryHandle handle = memory.Pin())
                {
                    unsafe
                    {
                        AssertOneMark(new ReadOnlySpan<long>(handle.Pointer, memory.Length));
                    }
                }

                break;
            case 3:
                buffer.Dispose();
                break;
            case 4:
                using (PooledBuffer<long> resized = buffer.Resize(16))
                {
                    Assert.Equal(16, resized.Length);
                }

                break;
            default:
                Assert.True(buffer.AsSpan().Length is 0 or 8 or 512);
                Assert.True(buffer.Length is 0 or 8 or 512);
                break;
        }
    }

    /// <summary>Borrowed or pinned elements belong to one rental until the borrow or pin ends.</summary>
    private static void AssertOneMark(ReadOnlySpan<long> elements)
    {
        if (!elements.IsEmpty)
        {
            long mark = elements[0];
            for (int look = 0; look < 10; look++)
            {
                Mark.Verify(elements, mark);
                Thread.SpinWait(10);
            }
        }
    }
}
