using NativeBuffers.Diagnostics.Tracking;

namespace NativeBuffers.Tests.Diagnostics.Tracking;

public class LiveBlocksTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 2)]
    [InlineData(8, 3)]
    [InlineData(64, 4)]
    public void It_holds_the_same_entries_as_a_dictionary(int shardCount, int seed)
    {
        var random = new Random(seed);
        var blocks = new LiveBlocks(shardCount);
        Dictionary<(nint, int), LiveBlocks.Record> model = [];
        for (int step = 0; step < 60_000; step++)
        {
            // Few addresses, so that they come back, and more and fewer of them in turn.
            nint address = (1 + random.Next(step / 10_000 % 2 == 0 ? 5000 : 300)) * 16;
            int allocator = random.Next(2);
            var record = new LiveBlocks.Record(address, random.Next(1000), step, 0, allocator);
            if (random.Next(2) == 0 && !model.ContainsKey((address, allocator)))
            {
                Assert.True(blocks.TryAdd(record));
                model.Add((address, allocator), record);
            }
            else
            {
                bool isThere = model.Remove((address, allocator), out LiveBlocks.Record expected);
                Assert.Equal(isThere, blocks.TryRemove(address, allocator, out LiveBlocks.Record removed));
                Assert.Equal(expected, removed);
            }
        }

        Assert.Equal(model.Count, blocks.Count);
        Assert.Equal(model.Values.Sum(static record => record.ByteCount), blocks.ByteCount);
        Assert.Equal(model.Values.ToHashSet(), blocks.Copy().ToHashSet());
    }

    [Fact]
    public void A_block_that_two_allocators_give_is_there_twice()
    {
        var blocks = new LiveBlocks(1);
        Assert.True(blocks.TryAdd(new LiveBlocks.Record(64, 10, 0, 0, AllocatorId: 1)));
        Assert.True(blocks.TryAdd(new LiveBlocks.Record(64, 20, 0, 0, AllocatorId: 2)));
        Assert.True(blocks.TryRemove(64, 2, out LiveBlocks.Record second));
        Assert.Equal(20, second.ByteCount);
        Assert.False(blocks.TryRemove(64, 2, out _));
        Assert.Equal(10, blocks.ByteCount);
    }

    [Fact]
    public void Copies_are_whole_while_threads_add_and_remove()
    {
        var blocks = new LiveBlocks(4);
        for (int i = 1; i <= 1000; i++)
        {
            Assert.True(blocks.TryAdd(new LiveBlocks.Record((nint)i << 32, 1, 0, 0, 0)));
        }

        using var stop = new CancellationTokenSource();
        var other = new Thread(() =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                nint address = ((i % 3000) + 1) * 16;
                _ = blocks.TryRemove(address, 0, out _) || blocks.TryAdd(new LiveBlocks.Record(address, 1, 0, 0, 0));
            }
        });
        other.Start();
        try
        {
            for (int i = 0; i < 200; i++)
            {
                Assert.Equal(1000, blocks.Copy().Count(static record => record.Address >= 1L << 32));
            }
        }
        finally
        {
            stop.Cancel();
            other.Join();
        }
    }
}
