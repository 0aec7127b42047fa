using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Tests.Blocks.Cache.Paths;

[Collection(ProcessWide.Name)]
public class ReturnedElsewhereTests
{
    private const int ByteCount = 64 * 1024;

    [Fact]
    public void Blocks_that_wait_for_their_own_thread_count_as_cached()
    {
        Needs.Caches();
        // Owners that earlier tests forgot are freed now, and not while this test counts.
        Collector.Settle();
        NativeMemoryCache.Trim();
        RunBeside(owners =>
        {
            long before = NativeMemoryCache.CachedBytes;
            Array.ForEach(owners, static owner => owner.Dispose());
            Assert.Equal(owners.Length * ByteCount, NativeMemoryCache.CachedBytes - before);
            NativeMemoryCache.Trim();
            Assert.Equal(0, NativeMemoryCache.QueuedBytes);
        });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public unsafe void A_pin_keeps_the_block_of_an_owner_that_was_never_borrowed(bool isOverBefore) =>
        RunBeside(owners =>
        {
            NativeMemoryOwner<byte> owner = owners[0];
            Slot* slot = owner.Owned.Slot;
            Generation opened = owner.Owned.Opened;

            // The slot's earlier uses may have let this one begin as biased.
            slot->Generation = opened;
            using (System.Buffers.MemoryHandle pin = owner.Pin())
            {
                Assert.Equal(opened.Value, slot->ReadGeneration().Value);
                if (isOverBefore)
                {
                    pin.Dispose();
                }

                owner.Dispose();
                Assert.Equal(!isOverBefore, slot->ReadGeneration() == opened.With(SlotState.ClosePending));
                Assert.True(owner.IsDisposed);
                Assert.Throws<ObjectDisposedException>(() => owner.Pin());
                owner.Dispose();
            }

            Generation now = slot->ReadGeneration();
            Assert.True(now.Number != opened.Number || now.State == SlotState.RemotelyFreed, $"The block did not come back: {now.State}.");
        });

    [Fact]
    public void A_process_that_keeps_nothing_lets_nothing_wait()
    {
        long limit = CacheLimits.ProcessBytes;
        NativeMemoryCache.Trim();
        CacheLimits.ProcessBytes = 0;
        try
        {
            RunBeside(owners =>
            {
                Array.ForEach(owners, static owner => owner.Dispose());
                Assert.Equal(0, NativeMemoryCache.QueuedBytes);
            });
        }
        finally
        {
            CacheLimits.ProcessBytes = limit;
        }
    }

    /// <summary>Another thread creates some owners, and stays while this one does something with them.</summary>
    private static void RunBeside(Action<NativeMemoryOwner<byte>[]> body)
    {
        var owners = new NativeMemoryOwner<byte>[5];
        using var created = new ManualResetEventSlim();
        using var ends = new ManualResetEventSlim();
        var thread = new Thread(() =>
        {
            for (int i = 0; i < owners.Length; i++)
            {
                owners[i] = NativeMemoryOwner<byte>.Create(ByteCount);
            }

            created.Set();
            ends.Wait();
        });
        thread.Start();
        created.Wait(TestContext.Current.CancellationToken);
        try
        {
            body(owners);
        }
        finally
        {
            ends.Set();
            thread.Join();
        }
    }
}
