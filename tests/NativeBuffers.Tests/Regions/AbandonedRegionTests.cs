using System.Runtime.CompilerServices;
using NativeBuffers.Tests.Lifetimes;

namespace NativeBuffers.Tests.Regions;

[Collection(ProcessWide.Name)]
public class AbandonedRegionTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_forgotten_region_is_freed_and_counted(bool isBuffer)
    {
        Collector.Settle();
        long before = NativeMemoryTracker.AbandonedCount;
        ObservedMemory[] systems = [.. Enumerable.Range(0, 5).Select(_ => Forget(isBuffer))];
        Assert.True(Collector.Until(() => systems.All(static system => system.FreedByteCount == system.ReservedByteCount)));
        Assert.Equal(before + 5, NativeMemoryTracker.AbandonedCount);
    }

    [Fact]
    public void A_forgotten_region_that_is_borrowed_is_freed_when_the_borrow_ends()
    {
        var system = new ObservedMemory();
        using (Borrow<byte> borrow = BorrowOfForgotten(system))
        {
            Collector.Settle();
            Assert.Equal(0, system.FreedByteCount);
            borrow.Span.Fill(1);
        }

        Assert.True(Collector.Until(() => system.FreedByteCount == system.ReservedByteCount));
    }

    [Fact]
    public void A_region_that_is_still_known_is_not_freed()
    {
        var system = new ObservedMemory();
        var buffer = StableBuffer<byte>.Reserve(10, null, system);
        Collector.Settle();
        buffer.Resize(10);
        Assert.Equal(0, system.FreedByteCount);
        buffer.Dispose();
        Assert.Equal(system.ReservedByteCount, system.FreedByteCount);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ObservedMemory Forget(bool isBuffer)
    {
        var system = new ObservedMemory();
        if (isBuffer)
        {
            StableBuffer<int>.Reserve(100_000, null, system).Resize(50_000);
        }
        else
        {
            NativeRegion.Reserve(100_000, null, system).Commit(0, Environment.SystemPageSize);
        }

        return system;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Borrow<byte> BorrowOfForgotten(ObservedMemory system)
    {
        NativeRegion region = NativeRegion.Reserve(100_000, null, system);
        region.Commit(0, Environment.SystemPageSize);
        return region.Borrow<byte>(0, 100);
    }
}
