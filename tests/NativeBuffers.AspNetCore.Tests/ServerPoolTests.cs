using System.Buffers;
using System.Runtime.InteropServices;

namespace NativeBuffers.AspNetCore.Tests;

/// <summary>The rentals of a pool without a server: their blocks, the limit, and threads that rent at one time.</summary>
public class ServerPoolTests
{
    [Fact]
    public void Blocks_are_4_KiB_of_arrays_and_the_last_returned_one_comes_first()
    {
        using NativeServerMemory memory = TestMemory.Make(1 << 20);
        using ServerPool pool = memory.Add("test");
        Assert.Equal(4096, pool.MaxBufferSize);
        IMemoryOwner<byte> block = pool.Rent();
        Assert.Equal(4096, block.Memory.Length);
        Assert.True(MemoryMarshal.TryGetArray<byte>(block.Memory, out ArraySegment<byte> segment));
        Assert.Equal(4096, segment.Count);
        block.Memory.Span.Fill(7);
        block.Dispose();
        using IMemoryOwner<byte> next = pool.Rent(4096);
        Assert.Equal(7, next.Memory.Span[4095]);
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(4097));
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(-2));
    }

    [Fact]
    public void The_limit_counts_all_pools_and_the_refusal_names_the_budget()
    {
        using NativeServerMemory memory = TestMemory.Make(1 << 20);
        using ServerPool first = memory.Add("first");
        using ServerPool second = memory.Add("second");
        List<IMemoryOwner<byte>> rented = [];
        for (int i = 0; i < 256; i++)
        {
            rented.Add((i % 2 == 0 ? first : second).Rent());
        }

        Assert.Equal(256, rented.Select(static each => MemoryMarshal.Cast<byte, nuint>(each.Memory.Span)[0] = 0).Count());
        Assert.Equal((1L << 20, 1L << 20), (memory.RentedBytes, memory.Budget.UsedBytes));
        OutOfMemoryException refusal = Assert.Throws<OutOfMemoryException>(() => first.Rent());
        Assert.Equal("Test", NativeMemoryRefusal.Of(refusal)?.BudgetName);
        Assert.NotNull(memory.SinceRefusal);

        // A free block of one pool serves the other pool.
        rented[0].Dispose();
        rented[0] = second.Rent();
        rented.ForEach(static each => each.Dispose());
        Assert.Equal((0, 1L << 20), (memory.RentedBytes, memory.KeptBytes));
        Assert.Equal(1L << 20, memory.Trim());
        Assert.Equal((0, 0), (memory.KeptBytes, memory.Budget.UsedBytes));
    }

    [Fact]
    public void No_two_rentals_have_one_block_on_any_threads()
    {
        using NativeServerMemory memory = TestMemory.Make(1 << 20);
        using ServerPool first = memory.Add("first");
        using ServerPool second = memory.Add("second");
        Parallel.For(
            0,
            4,
            thread =>
            {
                var random = new Random(thread);
                Queue<(IMemoryOwner<byte> Block, byte Value)> mine = [];
                for (int i = 0; i < 20_000; i++)
                {
                    if (mine.Count < 50 && random.Next(2) == 0)
                    {
                        byte value = (byte)random.Next(1, 255);
                        IMemoryOwner<byte> block = (random.Next(2) == 0 ? first : second).Rent();
                        block.Memory.Span[..8].Fill(value);
                        mine.Enqueue((block, value));
                    }
                    else if (mine.TryDequeue(out (IMemoryOwner<byte> Block, byte Value) oldest))
                    {
                        Assert.Equal(-1, oldest.Block.Memory.Span[..8].IndexOfAnyExcept(oldest.Value));
                        oldest.Block.Dispose();
                    }

                    if (i % 1000 == 0)
                    {
                        memory.Trim();
                    }
                }

                foreach ((IMemoryOwner<byte> block, _) in mine)
                {
                    block.Dispose();
                }
            });
        memory.Trim();
        Assert.Equal((0, 0, 0), (memory.RentedBytes, memory.Budget.UsedBytes, memory.ViolationCount));
    }

    [Fact]
    public void Two_threads_that_make_slabs_at_once_lose_no_block()
    {
        for (int round = 0; round < 50; round++)
        {
            using NativeServerMemory memory = TestMemory.Make(64 << 20);
            using ServerPool pool = memory.Add("test");
            using var start = new Barrier(2);
            IMemoryOwner<byte>? theirs = null;
            var other = new Thread(() =>
            {
                start.SignalAndWait();
                theirs = pool.Rent();
            });
            other.Start();
            start.SignalAndWait();
            List<IMemoryOwner<byte>> rented = [pool.Rent()];
            other.Join();
            rented.Add(theirs!);
            long used = memory.Budget.UsedBytes;
            while (memory.KeptBytes != 0)
            {
                rented.Add(pool.Rent());
                Assert.Equal(used, memory.Budget.UsedBytes);
            }

            rented.ForEach(static block => block.Dispose());
        }
    }

    [Fact]
    public void No_slab_is_made_while_the_pool_has_a_free_block()
    {
        using NativeServerMemory memory = TestMemory.Make(64 << 20);
        using ServerPool pool = memory.Add("test");
        var random = new Random(7);
        List<IMemoryOwner<byte>> rented = [];
        for (int i = 0; i < 200; i++)
        {
            int target = random.Next(200);
            while (rented.Count < target)
            {
                (long kept, long used) = (memory.KeptBytes, memory.Budget.UsedBytes);
                rented.Add(pool.Rent());
                Assert.True(kept == 0 || memory.Budget.UsedBytes == used);
            }

            while (rented.Count > target)
            {
                int at = random.Next(rented.Count);
                rented[at].Dispose();
                rented.RemoveAt(at);
            }

            _ = random.Next(20) switch
            {
                0 => memory.Trim(),
                1 => pool.EvictIdle(),
                _ => 0,
            };
            Assert.Equal(rented.Count * 4096L, memory.RentedBytes);
        }

        rented.ForEach(static block => block.Dispose());
    }

    [Fact]
    public void A_free_block_of_another_pool_is_rented_while_the_rest_is_set_aside()
    {
        using NativeServerMemory memory = TestMemory.Make(1 << 20);
        using ServerPool first = memory.Add("first");
        using ServerPool second = memory.Add("second");
        using NativeMemoryBudget work = memory.Budget.WithBudget(new() { Name = "Work" });
        using IMemoryOwner<byte> block = first.Rent();
        using NativeMemoryReservation rest = work.Reserve((1 << 20) - memory.Budget.UsedBytes);
        using IMemoryOwner<byte> other = second.Rent();
        Assert.Null(memory.SinceRefusal);
    }

    [Fact]
    public void Threads_that_together_need_less_than_the_limit_are_never_refused()
    {
        using NativeServerMemory memory = TestMemory.Make(1 << 20);
        ServerPool[] pools = [.. Enumerable.Range(0, 8).Select(i => memory.Add($"{i}"))];
        Parallel.For(
            0,
            4,
            thread =>
            {
                var random = new Random(thread);
                List<IMemoryOwner<byte>> mine = [];
                for (int round = 0; round < 400; round++)
                {
                    for (int most = random.Next(60); mine.Count < most;)
                    {
                        mine.Add(pools[random.Next(pools.Length)].Rent());
                    }

                    for (int least = random.Next(60); mine.Count > least;)
                    {
                        int at = random.Next(mine.Count);
                        mine[at].Dispose();
                        mine.RemoveAt(at);
                    }

                    if (random.Next(50) == 0)
                    {
                        memory.Trim();
                    }
                }

                mine.ForEach(static block => block.Dispose());
            });
        Assert.Equal((0, 0), (memory.RentedBytes, memory.ViolationCount));
    }
}
