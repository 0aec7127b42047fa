namespace NativeBuffers.Tests.Regions;

/// <summary>Memory is really given back: the system says so.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public class ResidenceTests
{
    private const long Much = 64 << 20;

    /// <summary>The bytes that neighbours may add to the range.</summary>
    private const long Slack = 4 << 20;

    /// <summary>The bytes that the rest of the process may change at the same time.</summary>
    private const long Other = 24 << 20;

    public static TheoryData<bool, HugePages> Kinds => new()
    {
        { false, HugePages.None }, { true, HugePages.None }, { false, HugePages.Transparent }, { true, HugePages.Transparent },
    };

    [Fact]
    public void Reserving_and_committing_take_no_memory()
    {
        long before = Residence.OfProcess;
        using NativeRegion region = NativeRegion.Reserve(1L << 40);
        region.Commit(0, Much);
        Assert.InRange(Residence.OfProcess - before, -Other, Other);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Decommitting_gives_memory_back(bool wipes, HugePages pages)
    {
        using NativeRegion region = Filled(wipes, pages, out nint start);
        Assert.InRange(Residence.Of(start, Much), Much, Much + Slack);
        AssertGivenBack(Much / 2, () => region.Decommit(Much / 2, Much / 2));
        Assert.InRange(Residence.Of(start, Much), Much / 2, (Much / 2) + Slack);
        AssertGivenBack(Much / 2, () => region.Decommit(0, Much / 2));
        Assert.InRange(Residence.Of(start, Much), 0, 0);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Discarding_gives_memory_back_even_while_it_is_borrowed(bool wipes, HugePages pages)
    {
        using NativeRegion region = Filled(wipes, pages, out nint start);
        using Borrow<byte> borrow = region.Borrow<byte>(0, Much);
        AssertGivenBack(Much / 2, () => region.Discard(0, Much / 2));
        Assert.InRange(Residence.Of(start, Much), Much / 2, (Much / 2) + Slack);
        AssertGivenBack(Much / 2, () => region.Discard(Much / 2, Much / 2));
        Assert.InRange(Residence.Of(start, Much), 0, 0);
        Assert.Equal(-1, borrow.Span.IndexOfAnyExcept((byte)0));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Disposing_gives_memory_and_addresses_back_when_the_last_borrow_ends(bool wipes, HugePages pages)
    {
        long addresses = AddressSpace.ByteCount;
        NativeRegion region = Filled(wipes, pages, out nint start);
        long before;
        using (region.Borrow<byte>(0, 1))
        {
            region.Dispose();
            Assert.InRange(Residence.Of(start, Much), Much, Much + Slack);
            before = Residence.OfProcess;
        }

        Assert.InRange(before - Residence.OfProcess, Much - Other, Much + Other);
        Assert.InRange(AddressSpace.ByteCount - addresses, -(1 << 30), Much);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Shrinking_gives_memory_back(bool wipes, HugePages pages)
    {
        using var buffer = StableBuffer<byte>.Reserve(1L << 38, new NativeRegionOptions { WipeOnFree = wipes, HugePages = pages });
        buffer.Resize(Much);
        using (Borrow<byte> borrow = buffer.Borrow())
        {
            borrow.Span.Fill(1);
        }

        nint start = Residence.StartOf(buffer);
        Assert.InRange(Residence.Of(start, Much), Much, Much + Slack);
        AssertGivenBack(Much * 3 / 4, () => buffer.Resize(Much / 4));
        Assert.InRange(Residence.Of(start, Much), Much / 4, (Much / 4) + Slack);
        buffer.Resize(0);
        Assert.Equal(0, Residence.Of(start, Much));
    }

    [Fact]
    public void Wiping_takes_no_memory_for_pages_that_were_never_written_to()
    {
        const long Huge = 1L << 33;
        long atLoss = -1;
        var system = new ObservedMemory();
        using NativeRegion region = NativeRegion.Reserve(Huge, new NativeRegionOptions { WipeOnFree = true }, system);
        region.Commit(0, Huge);

        // Linux counts the memory of a neighbour with the same rights as a part of this range.
        long before = Residence.Of(Residence.StartOf(region), Huge);
        using (Borrow<byte> borrow = region.Borrow<byte>(0, Huge))
        {
            borrow[Huge / 2] = 1;

            // Only read: these are the system's page of zeros.
            for (long i = 0; i < Much; i += region.PageByteCount)
            {
                Assert.Equal(0, borrow[i]);
            }
        }

        system.BeforeLoss = (start, byteCount) => atLoss = Residence.Of(start, byteCount);
        region.Discard(0, Huge);
        Assert.InRange(atLoss, 1, long.MaxValue);
        Assert.InRange(atLoss - before, -Slack, Slack);
    }

    /// <remarks>
    /// Nothing else happens between the two looks at the process. <see cref="Residence.Of"/> reads a line for each mapping into managed
    /// memory: some 50 MB, if other tests have guarded many blocks before.
    /// </remarks>
    private static void AssertGivenBack(long byteCount, Action action)
    {
        long before = Residence.OfProcess;
        action();
        Assert.InRange(before - Residence.OfProcess, byteCount - Other, byteCount + Other);
    }

    private static NativeRegion Filled(bool wipes, HugePages pages, out nint start)
    {
        NativeRegion region = NativeRegion.Reserve(1L << 38, new NativeRegionOptions { WipeOnFree = wipes, HugePages = pages });
        region.Commit(0, Much);
        using Borrow<byte> borrow = region.Borrow<byte>(0, Much);
        borrow.Span.Fill(1);
        start = Residence.StartOf(region);
        return region;
    }
}
