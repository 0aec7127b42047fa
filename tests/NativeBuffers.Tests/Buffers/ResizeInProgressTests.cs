namespace NativeBuffers.Tests.Buffers;

public class ResizeInProgressTests
{
    [Fact]
    public void While_an_owner_is_being_resized_it_says_at_once_that_it_is_not_disposed()
    {
        Needs.BareBlocks();
        using var isResizing = new ManualResetEventSlim();
        using var mayGoOn = new ManualResetEventSlim();
        var allocator = new CallingAllocator(duringResize: () =>
        {
            isResizing.Set();
            mayGoOn.Wait();
        });
        using var owner = NativeMemoryOwner<int>.Create(10, allocator);
        var resizer = new Thread(() => owner.Resize(1000));
        resizer.Start();
        Assert.True(isResizing.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        Assert.False(owner.IsDisposed);
        Assert.True(resizer.IsAlive);
        mayGoOn.Set();
        resizer.Join();
        Assert.Equal(1000, owner.Length);
    }
}
