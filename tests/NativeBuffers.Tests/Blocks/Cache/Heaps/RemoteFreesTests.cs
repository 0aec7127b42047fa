using System.Reflection;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Blocks.Cache.Trimming;
using NativeBuffers.Blocks.Handles;

namespace NativeBuffers.Tests.Blocks.Cache.Heaps;

/// <summary>Two threads free a block at once, so that it is in the list of remote frees while its own thread uses it.</summary>
/// <remarks>
/// Each test needs the same slot again, so a bin must have room for it: earlier tests may have left the caches of the process full.
/// </remarks>
[Collection(ProcessWide.Name)]
public sealed class RemoteFreesTests : IDisposable
{
    private const BindingFlags Private = BindingFlags.Instance | BindingFlags.NonPublic;
    private const int Small = 64;
    private const int Medium = 1000;
    private const int Large = 300_000;

    private readonly long _limit = CacheLimits.ProcessBytes;

    public RemoteFreesTests() => CacheLimits.ProcessBytes = long.MaxValue / 2;

    public void Dispose() => CacheLimits.ProcessBytes = _limit;

    [Fact]
    public unsafe void A_slot_in_the_queue_of_another_size_is_not_taken_for_one_of_this_size()
    {
        Needs.Caches();
        OtherThread.Run(
            static () =>
            {
                // Another thread returns a buffer, and this one does at the same time: it had found the generation open, and
                // its plain stores come last. See SharedHandle.Return.
                PooledBuffer<byte> buffer = NativeMemoryPool<byte>.Shared.RentBuffer(Medium);
                Slot* slot = SlotOf(buffer);
                Generation opened = slot->Generation;
                OtherThread.Run(buffer.Dispose);
                EndedThreads.Reclaim();
                Assert.Equal(SlotState.RemotelyFreed, slot->Generation.State);
                slot->Generation = opened.Next;
                FreePath.Return(slot, slot->Home);

                // Its next owner makes it large and then small, and another thread disposes it.
                NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.CreateUninitialized(Medium);
                Assert.True(SlotOf(owner) == slot);
                owner.Resize(Large);
                owner.Resize(Small);
                OtherThread.Run(owner.Dispose);
                EndedThreads.Reclaim();

                // An allocation of the first size must still get that number of bytes.
                PooledBuffer<byte>[] next = [.. Enumerable.Range(0, 300).Select(static _ => NativeMemoryPool<byte>.Shared.RentBuffer(Medium))];
                foreach (PooledBuffer<byte> each in next)
                {
                    Assert.True(SlotOf(each)->ByteCount >= Medium, $"A block of {SlotOf(each)->ByteCount} bytes for {Medium}.");
                }

                Array.ForEach(next, static each => each.Dispose());
            });
    }

    [Fact]
    public unsafe void A_closer_that_comes_too_late_frees_nothing_though_the_slot_has_a_large_block_by_now()
    {
        Needs.Caches();
        OtherThread.Run(
            static () =>
            {
                // Another thread has closed the buffer, and is interrupted; this one returns it at the same time, and wins.
                PooledBuffer<byte> buffer = NativeMemoryPool<byte>.Shared.RentBuffer(Medium);
                Slot* slot = SlotOf(buffer);
                Generation opened = slot->Generation;
                Bin* home = slot->Home;
                Generation closing = opened.With(SlotState.Closing);
                slot->Generation = opened.Next;
                FreePath.Return(slot, slot->Home);

                NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.CreateUninitialized(Medium);
                Assert.True(SlotOf(owner) == slot);
                owner.Resize(Large);
                owner.GetSpan().Fill(7);

                // It goes on where it stopped.
                OtherThread.Run(() => FreePath.ReturnClosed(slot, closing, home));
                Assert.False(owner.IsDisposed);
                Assert.True(slot->Start != null && slot->Home != null, "Its block was freed.");
                Assert.Equal(-1, owner.GetSpan().IndexOfAnyExcept((byte)7));
                owner.Dispose();
            });
    }

    private static unsafe Slot* SlotOf(PooledBuffer<byte> buffer) =>
        ((SharedHandle)typeof(PooledBuffer<byte>).GetField("_handle", Private)!.GetValue(buffer)!).Slot;

    private static unsafe Slot* SlotOf(NativeMemoryOwner<byte> owner) => owner.Owned.Slot;
}
