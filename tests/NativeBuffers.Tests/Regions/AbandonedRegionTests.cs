using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using NativeBuffers.Tests.Contracts;

namespace NativeBuffers.Tests.Regions;

/// <summary>Regions and stable buffers that no code can reach any more.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public class AbandonedRegionTests : AbandonedContract
{
    protected override IReadOnlyDictionary<string, Func<Func<bool>>> Ways { get; } = new Dictionary<string, Func<Func<bool>>>
    {
        ["Region"] = static () => Forget(static system => NativeRegion.Reserve(100_000, null, system).Commit(0, Environment.SystemPageSize)),
        ["Stable buffer"] = static () => Forget(static system => StableBuffer<int>.Reserve(100_000, null, system).Resize(50_000)),
    };

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
    [SuppressMessage("Ownership", "NB0001", Justification = "The test forgets the owner.")]
    protected override int ForgetDefault(int length)
    {
        NativeRegion.Reserve(length).Commit(0, Environment.SystemPageSize);
        StableBuffer<int>.Reserve(length).Resize(length);
        return 2;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    protected override void UseWell(NativeAllocator? allocator)
    {
        NativeRegion.Reserve(100_000).Dispose();
        StableBuffer<int>.Reserve(100_000).Dispose();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    protected override Borrow<int> BorrowOfForgotten(out Func<bool> isFreed)
    {
        var system = new ObservedMemory();
        isFreed = () => system.FreedByteCount == system.ReservedByteCount;
        NativeRegion region = NativeRegion.Reserve(100_000, null, system);
        region.Commit(0, Environment.SystemPageSize);
        Borrow<int> borrow = region.Borrow<int>(0, 100);
        borrow.Span.Fill(7);
        return borrow;
    }

    private static Func<bool> Forget(Action<ObservedMemory> use)
    {
        var system = new ObservedMemory();
        use(system);
        return () => system.FreedByteCount == system.ReservedByteCount;
    }
}
