using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Buffers;

public class ResizeInProgressTests
{
    [Fact]
    public void While_an_owner_is_being_resized_it_says_at_once_that_it_is_not_disposed()
    {
        Needs.BareBlocks();
        using var allocator = new SlowAllocator();
        using var owner = NativeMemoryOwner<int>.Create(10, allocator);
        var resizer = new Thread(() => owner.Resize(1000));
        resizer.Start();
        Assert.True(allocator.Resizes.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        Assert.False(owner.IsDisposed);
        Assert.True(resizer.IsAlive);
        allocator.MayGoOn.Set();
        resizer.Join();
        Assert.Equal(1000, owner.Length);
    }

    /// <summary>Waits in the middle of a resize.</summary>
    private sealed class SlowAllocator() : NativeAllocator("Slow"), IDisposable
    {
        public ManualResetEventSlim Resizes { get; } = new();

        public ManualResetEventSlim MayGoOn { get; } = new();

        public void Dispose()
        {
            Resizes.Dispose();
            MayGoOn.Dispose();
        }

        protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) =>
            NativeMemory.AllocZeroed(nuint.Max(byteCount, 1));

        protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment)
        {
            Resizes.Set();
            MayGoOn.Wait();
            return base.ResizeCore(block, oldByteCount, newByteCount, alignment);
        }

        protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment) => NativeMemory.Free(block);
    }
}
