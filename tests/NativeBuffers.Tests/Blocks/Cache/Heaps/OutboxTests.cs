using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Blocks.Handles;

namespace NativeBuffers.Tests.Blocks.Cache.Heaps;

/// <summary>A thread that ends blocks of other threads puts closes aside, and sends slots home in batches: not for long, and not many.</summary>
[Collection(ProcessWide.Name)]
public class OutboxTests
{
    private const int ByteCount = 64;

    [Fact]
    public void Closes_wait_until_there_are_enough_for_one_barrier()
    {
        Needs.Caches();
        WithHome(Outbox.MostCloses, (owners, slots) =>
        {
            for (int i = 0; i < owners.Length; i++)
            {
                Assert.All(slots[..i], static slot => Assert.Equal(SlotState.Closing, StateOf(slot)));
                owners[i].Dispose();
                Assert.True(owners[i].IsDisposed);
                Assert.Throws<ObjectDisposedException>(() => owners[i].Borrow());
            }

            Assert.DoesNotContain(slots, static slot => StateOf(slot) == SlotState.Closing);
        });
    }

    [Fact]
    public void Closes_of_many_bytes_do_not_wait()
    {
        Needs.Caches();
        WithHome(8, byteCount: 128 * 1024, (owners, slots) =>
        {
            Array.ForEach(owners, static owner => owner.Dispose());
            Assert.DoesNotContain(slots, static slot => StateOf(slot) == SlotState.Closing);
        });
    }

    [Fact]
    public void A_trim_by_any_thread_settles_closes_and_sends_slots()
    {
        Needs.Caches();
        WithHome(10, (owners, slots) =>
        {
            Array.ForEach(owners, static owner => owner.Dispose());
            OtherThread.Run(NativeMemoryCache.Trim);
            Assert.All(slots, static slot => Assert.Equal(SlotState.Scoped, StateOf(slot)));
            Assert.Equal(0, NativeMemoryCache.QueuedBytes);
        });
    }

    [Fact]
    public void The_end_of_a_thread_settles_closes_and_sends_slots()
    {
        Needs.Caches();

        // A full collection takes the caches of ended threads.
        using NoCollections quiet = NoCollections.Begin();
        WithHome(10, (owners, slots) =>
        {
            OtherThread.Run(() => Array.ForEach(owners, static owner => owner.Dispose()));
            Assert.All(slots, static slot => Assert.Equal(SlotState.Closing, StateOf(slot)));

            // The first buffer of the next thread.
            OtherThread.Run(static () => NativeBuffer.Create<byte>(ByteCount).Dispose());
            Assert.All(slots, static slot => Assert.Equal(SlotState.RemotelyFreed, StateOf(slot)));
        });
    }

    [Fact]
    public void A_borrow_that_goes_on_keeps_its_block_when_the_close_is_settled()
    {
        Needs.Caches();
        WithHome(2, (owners, slots) =>
        {
            using (Borrow<byte> borrow = owners[0].Borrow())
            {
                OtherThread.Run(() =>
                {
                    Array.ForEach(owners, static owner => owner.Dispose());
                    NativeMemoryCache.Trim();
                });
                Assert.Equal(SlotState.ClosePending, StateOf(slots[0]));
                Assert.Equal(SlotState.Scoped, StateOf(slots[1]));
                Assert.Equal(7, borrow[ByteCount - 1]);
            }

            Assert.Equal(SlotState.RemotelyFreed, StateOf(slots[0]));
        });
    }

    [Fact]
    public void A_borrow_that_ends_before_the_close_is_settled_leaves_the_block_to_the_settlement()
    {
        Needs.Caches();
        WithHome(1, (owners, slots) =>
        {
            Borrow<byte> borrow = owners[0].Borrow();
            owners[0].Dispose();
            Assert.Equal(7, borrow[0]);
            borrow.Dispose();
            Assert.Equal(SlotState.Closing, StateOf(slots[0]));
            NativeMemoryCache.Trim();
            Assert.Equal(SlotState.Scoped, StateOf(slots[0]));
        });
    }

    [Fact]
    public void A_pinned_block_is_closed_at_once()
    {
        Needs.Caches();
        WithHome(1, (owners, slots) =>
        {
            using (owners[0].Pin())
            {
                owners[0].Dispose();
                Assert.Equal(SlotState.ClosePending, StateOf(slots[0]));
            }

            Assert.Equal(SlotState.RemotelyFreed, StateOf(slots[0]));
        });
    }

    [Fact]
    public void Slots_whose_batch_is_not_full_count_as_cached_and_leave_with_a_trim()
    {
        Needs.Caches();
        NativeMemoryCache.Trim();
        var buffers = new PooledBuffer<byte>[RemoteBatch.Length - 1];
        using var isMade = new ManualResetEventSlim();
        using var ends = new ManualResetEventSlim();
        var home = new Thread(() =>
        {
            for (int i = 0; i < buffers.Length; i++)
            {
                buffers[i] = NativeMemoryPool<byte>.Shared.RentBuffer(ByteCount);
            }

            isMade.Set();
            ends.Wait();
        });
        home.Start();
        isMade.Wait(TestContext.Current.CancellationToken);
        long before = NativeMemoryCache.CachedBytes;
        Array.ForEach(buffers, static buffer => buffer.Dispose());
        Assert.Equal(buffers.Length * ByteCount, NativeMemoryCache.CachedBytes - before);
        Assert.Equal(buffers.Length * ByteCount, ThreadCaches.OutboxBytes);
        OtherThread.Run(NativeMemoryCache.Trim);
        Assert.Equal(0, NativeMemoryCache.QueuedBytes);
        ends.Set();
        home.Join();
    }

    private static unsafe SlotState StateOf(nint slot) => ((Slot*)slot)->ReadGeneration().State;

    private static void WithHome(int count, Action<NativeMemoryOwner<byte>[], nint[]> body) => WithHome(count, ByteCount, body);

    /// <summary>A live thread makes owners and borrows them; this thread ends them.</summary>
    private static void WithHome(int count, int byteCount, Action<NativeMemoryOwner<byte>[], nint[]> body)
    {
        NativeMemoryCache.Trim();
        var owners = new NativeMemoryOwner<byte>[count];
        nint[] slots = new nint[count];
        using var isMade = new ManualResetEventSlim();
        using var ends = new ManualResetEventSlim();
        var home = new Thread(() =>
        {
            for (int i = 0; i < count; i++)
            {
                SharedHandle handle = SharedHandle.Open(byteCount, 1, file: null, line: 0, typeof(byte));
                unsafe
                {
                    slots[i] = (nint)handle.Slot;
                }

                owners[i] = new NativeMemoryOwner<byte>(new OwnedBlock(handle, byteCount));
                using Borrow<byte> borrow = owners[i].Borrow();
                borrow.Span.Fill(7);
            }

            isMade.Set();
            ends.Wait();
        });
        home.Start();
        isMade.Wait(TestContext.Current.CancellationToken);
        try
        {
            body(owners, slots);
        }
        finally
        {
            ends.Set();
            home.Join();
        }
    }
}
