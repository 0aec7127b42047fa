using System.Diagnostics.CodeAnalysis;
using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Tests.Blocks.Cache.Paths;

/// <summary>Blocks above the largest size class are kept for requests of their size, by all kinds of owners.</summary>
[Collection(ProcessWide.Name)]
public class LargeBlockTests
{
    private static readonly int[] s_lengths = [262_145, 300_000, 524_288, 1_000_000, 5_000_000, 33_554_433, 70_000_000];

    public LargeBlockTests() => Needs.Caches();

    [Fact]
    public void The_block_that_was_freed_last_is_the_next_one() => OnFreshThread(static () =>
    {
        foreach (int length in s_lengths)
        {
            nint first = AddressOfNew(length);
            Assert.Equal(first, AddressOfNew(length));
            Assert.Equal(0, first % 64);
        }
    });

    [Fact]
    public void Older_blocks_are_found_by_their_size() => OnFreshThread(static () =>
    {
        nint[] addresses = [.. s_lengths[..5].Select(AddressOfNew)];
        Assert.Equal(addresses, s_lengths[..5].Select(AddressOfNew));
        Assert.Equal(addresses.Reverse(), s_lengths[..5].Reverse().Select(AddressOfNew));
    });

    [Fact]
    public void A_request_gets_no_block_that_is_too_small_or_much_too_large() => OnFreshThread(static () =>
    {
        nint kept = AddressOfNew(1_000_000);
        Assert.NotEqual(kept, AddressOfNew(1_048_577));
        Assert.NotEqual(kept, AddressOfNew(900_000));
        Assert.Equal(kept, AddressOfNew(1_048_576));
        Assert.Equal(kept, AddressOfNew(983_041));
    });

    [Fact]
    public void Created_blocks_are_zero_after_they_were_used() => OnFreshThread(static () =>
    {
        foreach (int length in s_lengths)
        {
            using (NativeBuffer<byte> used = NativeBuffer.CreateUninitialized<byte>(length))
            {
                used.Fill(0xFF);
            }

            using (NativeBuffer<byte> created = NativeBuffer.Create<byte>(length - 1))
            {
                Assert.Equal(-1, created.AsSpan().IndexOfAnyExcept((byte)0));
                created.Fill(0xFF);
            }

            using NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.Create(length);
            using Borrow<byte> borrow = owner.Borrow();
            Assert.Equal(-1, borrow.Span.IndexOfAnyExcept((byte)0));
        }
    });

    [Fact]
    [SuppressMessage("Ownership", "NB0010", Justification = "The test is about blocks without an owner.")]
    public void Buffers_owners_pools_lists_and_bare_blocks_share_the_kept_ones() => OnFreshThread(static () =>
    {
        nint kept = AddressOfNew(1_000_000);
        using (NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.CreateUninitialized(1_000_000))
        {
            Assert.Equal(kept, Address(owner.Memory.Span));
        }

        using (PooledBuffer<byte> rented = NativeMemoryPool<byte>.Shared.RentBuffer(1_000_000))
        {
            Assert.Equal(kept, Address(rented.AsSpan()));
        }

        using (var list = new NativeList<byte>(1_000_000))
        {
            list.Add(1);
            using Borrow<byte> borrow = list.Borrow();
            Assert.Equal(kept, Address(borrow.Span));
        }

        unsafe
        {
            void* block = NativeAllocator.Default.AllocateUninitialized(1_000_000);
            Assert.Equal(kept, (nint)block);
            NativeAllocator.Default.Free(block, 1_000_000);
        }

        Assert.Equal(kept, AddressOfNew(1_000_000));
    });

    [Fact]
    public void A_released_block_is_freed_by_the_size_of_its_request() => OnFreshThread(static () =>
    {
        long before = NativeMemoryCache.CachedBytes;
        unsafe
        {
            byte* block = NativeMemoryOwner<byte>.Create(1_000_000).Release();
            block[999_999] = 1;
            NativeAllocator.Default.Free(block, 1_000_000);
        }

        Assert.Equal(1_048_576, NativeMemoryCache.CachedBytes - before);
    });

    [Fact]
    [SuppressMessage("Ownership", "NB0003", Justification = "The test is about a second disposal.")]
    [SuppressMessage("Ownership", "NB0005", Justification = "The test is about a copy.")]
    public void Stale_copies_reach_no_block_that_is_used_again() => OnFreshThread(static () =>
    {
        NativeBuffer<byte> first = NativeBuffer.Create<byte>(1_000_000);
        NativeBuffer<byte> copy = first;
        first.Dispose();
        using NativeBuffer<byte> second = NativeBuffer.Create<byte>(1_000_000);
        Assert.True(copy.IsDisposed);
        copy.Dispose();
        using NativeBuffer<byte> third = NativeBuffer.Create<byte>(1_000_000);
        Assert.False(second.IsDisposed);
        Assert.False(second.Overlaps(third));
    });

    [Fact]
    public void Kept_blocks_are_resized_with_their_contents_and_zeros_after_them() => OnFreshThread(static () =>
    {
        using (NativeBuffer<byte> dirty = NativeBuffer.CreateUninitialized<byte>(1_000_000))
        {
            dirty.Fill(0xFF);
        }

        NativeBuffer<byte> buffer = NativeBuffer.CreateUninitialized<byte>(1_000_000);
        int length = 990_000;
        buffer.Resize(length);
        buffer.Fill(1);
        int marked = length;
        foreach (int next in new[] { 1_048_576, 1_100_000, 9_000_000, 400_000, 500_000, 100, 300_000, 2_000_000 })
        {
            buffer.Resize(next);
            marked = int.Min(marked, next);
            Assert.Equal(next, buffer.Length);
            Assert.Equal(-1, buffer.AsSpan(0, marked).IndexOfAnyExcept((byte)1));
            Assert.Equal(-1, buffer.AsSpan(marked).IndexOfAnyExcept((byte)0));
        }

        buffer.Dispose();
    });

    [Fact]
    public void An_owner_that_another_thread_disposes_leaves_its_block_to_all() => OnFreshThread(static () =>
    {
        NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.Create(1_000_000);
        nint address = Address(owner.Memory.Span);
        nint found = 0;
        OtherThread.Run(() =>
        {
            owner.Dispose();
            found = AddressOfNew(1_000_000);
        });
        Assert.Equal(address, found);
        Assert.Throws<ObjectDisposedException>(() => owner.Borrow());

        // That thread has ended. Its blocks go to the store when the next thread asks.
        NativeMemoryCache.Trim();
        Assert.Equal(0, LargeStore.TotalBytes);
    });

    [Fact]
    public void Blocks_beyond_those_of_the_thread_go_to_the_store_and_come_back() => OnFreshThread(static () =>
    {
        long before = NativeMemoryCache.CachedBytes;
        NestedBuffers.Use(400_000, depth: 40);
        Assert.Equal(40 * (long)LargeSizes.RoundUp(400_000), NativeMemoryCache.CachedBytes - before);
        Assert.NotEqual(0, LargeStore.TotalBytes);
        long reserved = CacheLimits.ReservedBytes;
        NestedBuffers.Use(400_000, depth: 40);
        Assert.Equal(40 * (long)LargeSizes.RoundUp(400_000), NativeMemoryCache.CachedBytes - before);
        Assert.Equal(reserved, CacheLimits.ReservedBytes);
    });

    [Fact]
    public void Trim_frees_the_large_blocks_of_all_threads()
    {
        OnFreshThread(static () =>
        {
            long before = NativeMemoryCache.CachedBytes;
            long reserved = CacheLimits.ReservedBytes;
            NestedBuffers.Use(1_000_000, depth: 20);
            Assert.NotEqual(before, NativeMemoryCache.CachedBytes);
            var other = new Thread(NativeMemoryCache.Trim);
            other.Start();
            other.Join();
            Kept.AssertAtMost(before);
            Kept.AssertReservedAtMost(reserved);
            NestedBuffers.Use(1_000_000, depth: 20);
        });
    }

    [Fact]
    public void A_process_that_keeps_nothing_keeps_no_large_block()
    {
        long limit = CacheLimits.ProcessBytes;
        NativeMemoryCache.Trim();
        CacheLimits.ProcessBytes = 0;
        try
        {
            OtherThread.Run(static () =>
            {
                long before = NativeMemoryCache.CachedBytes;
                NestedBuffers.Use(1_000_000, depth: 20);
                Assert.Equal(before, NativeMemoryCache.CachedBytes);
            });
        }
        finally
        {
            CacheLimits.ProcessBytes = limit;
        }
    }

    [Slow]
    [Fact]
    public void Threads_that_exchange_large_owners_never_share_a_block_or_pass_the_limit()
    {
        const long Limit = 12_000_000;
        NativeMemoryCache.Trim();
        long process = CacheLimits.ProcessBytes;
        long limit = CacheLimits.ProcessBytes = CacheLimits.ReservedBytes + Limit;
        try
        {
            var places = new NativeMemoryOwner<long>?[8];
            new Race().Run(Exchange, Exchange, Exchange, Trim);
            foreach (NativeMemoryOwner<long>? owner in places)
            {
                owner?.Dispose();
            }

            void Exchange(Random random)
            {
                long mark = random.NextInt64();
                int length = random.Next(40_000, 300_000);
                var owner = NativeMemoryOwner<long>.CreateUninitialized(length);
                using (Borrow<long> borrow = owner.Borrow())
                {
                    (borrow.Span[0], borrow.Span[39_999]) = (mark, mark);
                }

                if (random.Next(4) == 0)
                {
                    using NativeBuffer<long> beside = NativeBuffer.Create<long>(length);
                    Assert.Equal(0, beside[length / 2]);
                    beside.Fill(-1);
                }

                if (random.Next(4) == 0)
                {
                    owner.Resize(length + 10_000);
                }

                owner = Interlocked.Exchange(ref places[random.Next(places.Length)], owner);
                if (owner is not null)
                {
                    using (Borrow<long> borrow = owner.Borrow())
                    {
                        Assert.Equal(borrow.Span[0], borrow.Span[39_999]);
                    }

                    owner.Dispose();
                }

                Assert.InRange(CacheLimits.ReservedBytes, 0, limit);
            }

            static void Trim(Random random)
            {
                Thread.Sleep(random.Next(3));
                if (random.Next(2) == 0)
                {
                    NativeMemoryCache.Trim();
                }
                else
                {
                    IdleTimer.Pass();
                }
            }
        }
        finally
        {
            CacheLimits.ProcessBytes = process;
            NativeMemoryCache.Trim();
        }
    }

    [Slow]
    [Fact]
    public void Two_threads_never_get_one_block()
    {
        new Race().Run(Work, Work, static _ => IdleTimer.Pass());

        static void Work(Random random)
        {
            byte mark = (byte)random.Next(1, 256);
            int length = 300_000 + (random.Next(4) * 100_000);
            Nest(random, length, mark, depth: random.Next(1, 5));
        }

        static void Nest(Random random, int length, byte mark, int depth)
        {
            using NativeBuffer<byte> buffer = NativeBuffer.CreateUninitialized<byte>(length);
            for (int i = 0; i < length; i += 4096)
            {
                buffer[i] = mark;
            }

            if (depth > 1)
            {
                Nest(random, length, (byte)(mark + 1), depth - 1);
            }

            for (int i = 0; i < length; i += 4096)
            {
                Assert.Equal(mark, buffer[i]);
            }
        }
    }

    private static void OnFreshThread(Action body)
    {
        // Owners that earlier tests forgot are freed now, and not while this test counts.
        using NoCollections quiet = NoCollections.Begin();
        NativeMemoryCache.Trim();
        OtherThread.Run(() =>
        {
            // The first request of a thread frees what ended threads have left.
            NativeBuffer.Create<byte>(64).Dispose();
            body();
        });
        NativeMemoryCache.Trim();
    }

    private static nint AddressOfNew(int length)
    {
        using NativeBuffer<byte> buffer = NativeBuffer.CreateUninitialized<byte>(length);
        return Address(buffer.AsSpan());
    }

    private static nint Address(Span<byte> span)
    {
        unsafe
        {
            // SAFETY: the address is compared, not followed.
            return (nint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetReference(span));
        }
    }
}
