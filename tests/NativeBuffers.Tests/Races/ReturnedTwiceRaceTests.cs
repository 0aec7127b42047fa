using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Cache.Trimming;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Buffers;

namespace NativeBuffers.Tests.Races;

/// <summary>
/// A buffer's own thread and another thread return it at the same moment, and both believe that they did. The slot then
/// belongs to its own thread again, and is also in the list of remote frees. Played step by step.
/// </summary>
[Collection(ProcessWide.Name)]
[Slow]
public class ReturnedTwiceRaceTests
{
    [Fact]
    public void A_slot_with_another_block_is_not_taken_for_the_size_that_it_had_in_the_queue()
    {
        Needs.Caches();
        OtherThread.Run(
            static () =>
            {
                const int Small = 64;
                const int Large = 4096;
                unsafe
                {
                    // SAFETY: slots are never unmapped; the other thread has ended when this one goes on.
                    SharedHandle large = SharedHandle.Open(Large, 1, file: null, line: 0, typeof(byte));
                    ReturnTwice(large);

                    // The blocks of both slots change places: the one in the queue has the small block now.
                    using var owner = NativeMemoryOwner<byte>.Create(Small);
                    owner.Resize(Large);
                    PooledBuffer<byte> small = NativeMemoryPool<byte>.Shared.RentBuffer(Small);
                    OtherThread.Run(() => small.Dispose());
                    for (int i = 0; i < 300; i++)
                    {
                        SharedHandle next = SharedHandle.Open(Large, 1, file: null, line: 0, typeof(byte));
                        Assert.True(next.Slot->ByteCount >= Large, $"{next.Slot->ByteCount} bytes for {Large}.");
                    }
                }
            });
    }

    [Fact]
    public void A_buffer_that_was_returned_twice_is_rented_once()
    {
        Needs.Caches();
        OtherThread.Run(
            static () =>
            {
                unsafe
                {
                    // SAFETY: slots are never unmapped; the other thread has ended when this one goes on.
                    SharedHandle first = SharedHandle.Open(1000, 1, file: null, line: 0, typeof(byte));
                    ReturnTwice(first);
                    HashSet<nint> rented = [];
                    for (int i = 0; i < 300; i++)
                    {
                        Assert.True(rented.Add((nint)SharedHandle.Open(1000, 1, file: null, line: 0, typeof(byte)).Slot));
                    }
                }
            });
    }

    [Fact]
    public void A_buffer_of_a_pool_that_was_returned_twice_is_rented_once()
    {
        var allocator = new RecordingAllocator();
        var store = new PoolStore(new NativePoolOptions { Allocator = allocator });
        OtherThread.Run(
            () =>
            {
                unsafe
                {
                    // SAFETY: slots and homes are never unmapped; the other thread has ended when this one goes on.
                    SharedHandle first = Open();
                    nint slot = (nint)first.Slot;
                    nint home = (nint)first.Slot->Home;
                    Generation closing = first.Opened.With(SlotState.Closing);

                    // This thread reads the generation. The second thread closes the slot. This thread's stores come next.
                    first.Slot->Generation = closing;
                    first.Slot->Home = null;
                    OtherThread.Run(() => PoolFreePath.ReturnRemotely((Slot*)slot, closing, (Bin*)home));
                    first.Slot->Generation = first.Opened.Next;
                    Assert.True(PoolFreePath.TryGive((Bin*)home, (Slot*)slot));
                    SharedHandle[] rented = [.. Enumerable.Range(0, 300).Select(_ => Open())];
                    Assert.Distinct(rented.Select(static handle => (nint)handle.Slot));
                    Array.ForEach(rented, static handle => handle.Return());
                }
            });
        store.Close();
        allocator.AssertAllFreed();

        unsafe SharedHandle Open() => SharedHandle.Open(PoolPath.TryTake(store.Heap, 1000), 1000, 1, file: null, line: 0, typeof(byte));
    }

    /// <summary>This thread reads the generation; the second thread closes the slot and queues it; this thread's store comes last.</summary>
    /// <safety>The slot's home is this thread's, and has no hot slot.</safety>
    private static unsafe void ReturnTwice(SharedHandle handle)
    {
        nint slot = (nint)handle.Slot;
        Generation opened = handle.Opened;
        OtherThread.Run(() => CloseProtocol.Close((Slot*)slot, opened));
        EndedThreads.Reclaim();
        Assert.Equal(SlotState.RemotelyFreed, handle.Slot->Generation.State);
        handle.Slot->Generation = opened.Next;
        handle.Slot->Home->Hot = handle.Slot;
    }
}
