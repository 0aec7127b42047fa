namespace NativeBuffers.Tests.Regions;

/// <summary>The contents of pages when the system takes them back, read through their addresses.</summary>
public class WipeTests
{
    private static readonly long s_page = Environment.SystemPageSize;

    public static TheoryData<string, bool, bool> Ways
    {
        get
        {
            var ways = new TheoryData<string, bool, bool>();
            foreach (string way in new[] { "Decommit", "Discard", "Dispose", "Dispose while borrowed" })
            {
                ways.Add(way, true, false);
                ways.Add(way, true, true);
                ways.Add(way, false, false);
            }

            return ways;
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Committed_pages_are_wiped_before_they_are_freed_on_request(string way, bool wipes, bool isLocked)
    {
        const int Pages = 3000;
        var system = new ObservedMemory();
        using NativeRegion region = NativeRegion.Reserve(Pages * s_page, new NativeRegionOptions { WipeOnFree = wipes }, system);
        region.Commit(s_page, (Pages - 1) * s_page);
        using (Borrow<byte> borrow = region.Borrow<byte>(s_page, (Pages - 1) * s_page))
        {
            borrow.Span.Fill(0x5A);
        }

        if (isLocked)
        {
            region.Lock(5 * s_page, 10 * s_page);
        }

        region.Protect(8 * s_page, 2 * s_page, PageAccess.Read);
        region.Protect(9 * s_page, 2 * s_page, PageAccess.None);
        region.Decommit(20 * s_page, s_page);
        long seen = 0;
        long held = 0;
        system.BeforeLoss = (start, byteCount) =>
        {
            foreach ((long first, long behind) in new[] { (1L, 8L), (8, 9), (11, 20), (21, Pages) })
            {
                Count(system.Reserved, first * s_page, behind * s_page, start, byteCount, ref seen, ref held);
            }
        };
        switch (way)
        {
            case "Decommit":
                region.Decommit(0, Pages * s_page);
                break;
            case "Discard":
                region.Discard(s_page, 19 * s_page);
                region.Discard(21 * s_page, (Pages - 21) * s_page);
                break;
            case "Dispose":
                region.Dispose();
                break;
            default:
                using (region.BorrowReadOnly<byte>(s_page, 10))
                {
                    region.Dispose();
                    Assert.Equal(0, seen);
                }

                break;
        }

        system.BeforeLoss = null;

        // All but the page that had no memory, the decommitted one, and two that may not be read.
        Assert.Equal((Pages - 4) * s_page, seen);
        Assert.Equal(wipes ? 0 : seen, held);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Cut_pages_are_wiped_before_they_are_freed(bool wipes)
    {
        var system = new ObservedMemory();
        using var buffer = StableBuffer<byte>.Reserve(100 * s_page, new NativeRegionOptions { WipeOnFree = wipes }, system);
        buffer.Resize(10 * s_page);
        using (Borrow<byte> borrow = buffer.Borrow())
        {
            borrow.Span.Fill(0x5A);
        }

        long seen = 0;
        long held = 0;
        system.BeforeLoss = (start, byteCount) => Count(system.Reserved, 0, 10 * s_page, start, byteCount, ref seen, ref held);
        buffer.Resize((4 * s_page) + 1);
        system.BeforeLoss = null;
        Assert.Equal(5 * s_page, seen);
        Assert.Equal(wipes ? 0 : seen, held);
        using Borrow<byte> kept = buffer.Borrow();
        Assert.Equal((4 * s_page) + 1, kept.Length);
        Assert.Equal(-1, kept.Span.IndexOfAnyExcept((byte)0x5A));
    }

    [Fact]
    public void Read_only_pages_that_are_discarded_stay_read_only()
    {
        using NativeRegion region = NativeRegion.Reserve(2 * s_page, new NativeRegionOptions { WipeOnFree = true });
        region.Commit(0, 2 * s_page);
        region.Protect(0, s_page, PageAccess.Read);
        using ReadOnlyBorrow<byte> borrow = region.BorrowReadOnly<byte>(0, s_page);
        region.Discard(0, 2 * s_page);
        Assert.Equal(-1, borrow.Span.IndexOfAnyExcept((byte)0));
        Assert.Throws<InvalidOperationException>(() => region.Borrow<byte>(0, 1).Dispose());
    }

    [Fact]
    public void Pages_that_cannot_be_made_writable_for_the_wipe_are_not_freed()
    {
        var system = new ObservedMemory();
        using NativeRegion region = NativeRegion.Reserve(2 * s_page, new NativeRegionOptions { WipeOnFree = true }, system);
        region.Commit(0, 2 * s_page);
        using (Borrow<byte> borrow = region.Borrow<byte>(0, s_page))
        {
            borrow.Span.Fill(1);
        }

        region.Protect(0, s_page, PageAccess.Read);
        foreach (Action<long, long> operation in new Action<long, long>[] { region.Decommit, region.Discard })
        {
            system.RefusesAfter = 0;
            Assert.Throws<OutOfMemoryException>(() => operation(0, 2 * s_page));
            Assert.Equal(2 * s_page, region.CommittedByteCount);
            using ReadOnlyBorrow<byte> borrow = region.BorrowReadOnly<byte>(0, s_page);
            Assert.Equal(1, borrow[^1]);
        }
    }

    /// <summary>Counts the bytes that two ranges have in common, and those of them that are not zero.</summary>
    private static unsafe void Count(nint region, long first, long behind, nint start, long byteCount, ref long seen, ref long held)
    {
        byte* from = (byte*)nint.Max(region + (nint)first, start);
        byte* to = (byte*)nint.Min(region + (nint)behind, start + (nint)byteCount);
        for (; from < to; from++)
        {
            seen++;
            held += *from == 0 ? 0 : 1;
        }
    }
}
