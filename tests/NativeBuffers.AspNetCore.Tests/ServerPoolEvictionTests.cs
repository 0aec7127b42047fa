using System.Buffers;

namespace NativeBuffers.AspNetCore.Tests;

/// <summary>The memory of a pool that is not needed any more: slabs that were idle, and pools that were disposed.</summary>
public class ServerPoolEvictionTests
{
    private const int Slab = 32 * 4096;

    [Fact]
    public void Slabs_that_were_not_needed_for_two_periods_are_freed_and_slabs_in_use_stay()
    {
        using NativeServerMemory memory = TestMemory.Make(64 << 20);
        using ServerPool pool = memory.Add("test");
        IMemoryOwner<byte>[] burst = [.. Enumerable.Range(0, 320).Select(_ => pool.Rent())];
        foreach (IMemoryOwner<byte> block in burst[1..])
        {
            block.Dispose();
        }

        Assert.Equal(0, pool.EvictIdle());
        Assert.Equal(0, pool.EvictIdle());
        Assert.Equal(9 * Slab, pool.EvictIdle());
        Assert.Equal(Slab, memory.Budget.UsedBytes);
        using IMemoryOwner<byte> again = pool.Rent();
        Assert.Equal(0, pool.EvictIdle());
        burst[0].Dispose();
    }

    [Fact]
    public void Freed_slabs_have_given_their_pages_back()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "On other systems the collector gives the pages back.");
        using NativeServerMemory memory = TestMemory.Make(64 << 20);
        using ServerPool pool = memory.Add("test");
        IMemoryOwner<byte>[] slab = [.. Enumerable.Range(0, 32).Select(_ => pool.Rent())];
        Array.ForEach(slab, static block => block.Memory.Span.Fill(1));
        Memory<byte> middle = slab[15].Memory;
        Array.ForEach(slab, static block => block.Dispose());
        Assert.Equal(-1, middle.Span.IndexOfAnyExcept((byte)1));
        Assert.Equal(Slab, memory.Trim());

        // A page that the system has taken back is zero when it is read again.
        Assert.Equal(-1, middle.Span.IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void A_disposed_pool_frees_the_blocks_that_come_back()
    {
        using NativeServerMemory memory = TestMemory.Make(1 << 20);
        ServerPool pool = memory.Add("test");
        IMemoryOwner<byte> block = pool.Rent();
        pool.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pool.Rent());
        Assert.Equal(Slab / 2, memory.Budget.UsedBytes);  // Small limits have small slabs.
        block.Dispose();
        Assert.Equal(0, memory.Budget.UsedBytes);
    }

    [Fact]
    public void Pools_that_are_disposed_while_threads_rent_leave_nothing()
    {
        for (int round = 0; round < 20; round++)
        {
            NativeServerMemory memory = TestMemory.Make(4 << 20);
            ServerPool[] pools = [.. Enumerable.Range(0, 3).Select(i => memory.Add($"{i}"))];
            Parallel.For(
                0,
                4,
                thread =>
                {
                    if (thread == 0)
                    {
                        Thread.SpinWait(round * 500);
                        memory.Dispose();
                        return;
                    }

                    List<IMemoryOwner<byte>> mine = [];
                    try
                    {
                        for (int i = 0; i < 200; i++)
                        {
                            mine.Add(pools[thread - 1].Rent());
                        }
                    }
                    catch (ObjectDisposedException)
                    {
                        // The pool has ended.
                    }

                    mine.ForEach(static block => block.Dispose());
                });
            Assert.Equal(0, memory.Budget.UsedBytes);
            Assert.Throws<ObjectDisposedException>(() => memory.Add("late"));
        }
    }
}
