using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Regions;

[CorrectProgram]
public class NativeRegionTests
{
    private static readonly long s_page = Environment.SystemPageSize;

    public static TheoryData<long, long> RangesOutside => new()
    {
        { -s_page, s_page }, { 0, -s_page }, { 0, 9 * s_page }, { 8 * s_page, s_page }, { 9 * s_page, 0 }, { long.MinValue, s_page },
        { s_page, long.MaxValue }, { long.MaxValue, s_page }, { s_page, long.MaxValue - s_page + 1 },
    };

    public static TheoryData<long, long> RangesOfPartPages => new()
    {
        { 1, s_page }, { 0, 1 }, { 0, s_page - 1 }, { 0, s_page + 1 }, { s_page - 1, 1 }, { s_page / 2, s_page / 2 },
    };

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(1, -1, 1)]
    [InlineData(1, 0, 1)]
    [InlineData(1, 1, 2)]
    [InlineData(5, 0, 5)]
    public void A_size_is_rounded_up_to_whole_pages(int pages, int offset, int expectedPages)
    {
        using NativeRegion region = NativeRegion.Reserve((pages * s_page) + offset);
        Assert.Equal(expectedPages * s_page, region.ByteCount);
        Assert.Equal(0, region.CommittedByteCount);
        Assert.Equal(s_page, region.PageByteCount);
        Assert.Equal((HugePages.None, null), (region.GrantedHugePages, region.HugePagesRefusal));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public void A_size_that_cannot_be_one_is_refused(long byteCount) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeRegion.Reserve(byteCount));

    [Fact]
    public void More_addresses_than_there_are_are_refused()
    {
        Assert.Throws<OutOfMemoryException>(() => NativeRegion.Reserve(long.MaxValue - (2 << 20)));
        Assert.Throws<OutOfMemoryException>(() => NativeRegion.Reserve(1L << 60, new NativeRegionOptions { HugePages = HugePages.Explicit }));
    }

    [Fact]
    public void A_region_may_be_larger_than_the_machines_memory()
    {
        using NativeRegion region = NativeRegion.Reserve(1L << 40);
        Assert.Equal(1L << 40, region.ByteCount);
        long last = (1L << 40) - s_page;
        region.Commit(0, s_page);
        region.Commit(last, s_page);
        region.Commit(5L << 30, s_page);
        foreach (long start in new[] { 0, last, 5L << 30 })
        {
            using Borrow<byte> borrow = region.Borrow<byte>(start, s_page);
            Assert.Equal(-1, borrow.Span.IndexOfAnyExcept((byte)0));
            borrow.Span.Fill(1);
        }

        Assert.Equal(3 * s_page, region.CommittedByteCount);
        Assert.Throws<InvalidOperationException>(() => region.Borrow<byte>(0, 1L << 40).Dispose());
    }

    [Fact]
    public void A_borrow_may_have_more_elements_than_an_int_counts()
    {
        long byteCount = (1L << 31) + (10 * s_page);
        using NativeRegion region = NativeRegion.Reserve(byteCount);
        region.Commit(0, byteCount);
        using Borrow<byte> borrow = region.Borrow<byte>(0, byteCount);
        Assert.Equal(byteCount, borrow.Length);
        borrow[byteCount - 1] = 7;
        using ReadOnlyBorrow<byte> again = region.BorrowReadOnly<byte>(byteCount - s_page, s_page);
        Assert.Equal(7, again[^1]);
    }

    [Fact]
    public void Committed_pages_are_zero_and_keep_their_contents_when_committed_again()
    {
        using NativeRegion region = NativeRegion.Reserve(4 * s_page);
        region.Commit(s_page, s_page);
        Fill(region, s_page, s_page, 1);
        region.Commit(0, 4 * s_page);
        AssertHolds(region, 0, s_page, 0);
        AssertHolds(region, s_page, s_page, 1);
        AssertHolds(region, 2 * s_page, 2 * s_page, 0);
        Assert.Equal(4 * s_page, region.CommittedByteCount);
    }

    [Fact]
    public void Decommitted_pages_are_refused_and_zero_when_they_come_back()
    {
        using NativeRegion region = Committed(4);
        Fill(region, 0, 4 * s_page, 1);
        region.Decommit(s_page, 2 * s_page);
        Assert.Equal(2 * s_page, region.CommittedByteCount);
        string message = Assert.Throws<InvalidOperationException>(() => region.Borrow<byte>(s_page + 5, 10).Dispose()).Message;
        Assert.Contains($"10 bytes from {s_page + 5:N0} on", message);
        Assert.Throws<InvalidOperationException>(() => region.BorrowReadOnly<byte>(s_page - 1, 2).Dispose());
        Assert.Throws<InvalidOperationException>(() => region.BorrowReadOnly<byte>((3 * s_page) - 1, 2).Dispose());
        AssertHolds(region, 0, s_page, 1);
        AssertHolds(region, 3 * s_page, s_page, 1);
        region.Decommit(s_page, s_page);
        region.Commit(s_page, 2 * s_page);
        AssertHolds(region, s_page, 2 * s_page, 0);
    }

    [Fact]
    public void Discarded_pages_are_zero_and_stay_committed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems may keep the contents for a while.");
        using NativeRegion region = Committed(4);
        Fill(region, 0, 4 * s_page, 1);
        region.Protect(2 * s_page, s_page, PageAccess.Read);
        using Borrow<byte> borrow = region.Borrow<byte>(s_page, 10);
        region.Discard(s_page, 2 * s_page);
        Assert.Equal(0, borrow[0]);
        borrow.Span.Fill(2);
        Assert.Equal(4 * s_page, region.CommittedByteCount);
        AssertHolds(region, 0, s_page, 1);
        AssertHolds(region, s_page, 10, 2);
        AssertHolds(region, 2 * s_page, s_page, 0);
        AssertHolds(region, 3 * s_page, s_page, 1);
    }

    [Fact]
    public void Protected_pages_keep_their_contents_and_are_lent_as_far_as_they_are_accessible()
    {
        using NativeRegion region = Committed(4);
        Fill(region, 0, 4 * s_page, 1);
        region.Protect(s_page, s_page, PageAccess.Read);
        region.Protect(2 * s_page, s_page, PageAccess.None);
        AssertHolds(region, s_page, s_page, 1);
        Assert.Contains("writable", Assert.Throws<InvalidOperationException>(() => region.Borrow<byte>(0, 2 * s_page).Dispose()).Message);
        Assert.Contains("readable", Assert.Throws<InvalidOperationException>(() => region.BorrowReadOnly<byte>(2 * s_page, 1).Dispose()).Message);
        Assert.Equal(4 * s_page, region.CommittedByteCount);
        region.Protect(2 * s_page, s_page, PageAccess.ReadWrite);
        region.Commit(s_page, s_page);
        AssertHolds(region, 0, 4 * s_page, 1);
        Fill(region, 0, 4 * s_page, 2);
    }

    [Fact]
    public void Only_committed_pages_can_be_protected_discarded_locked_or_unlocked()
    {
        using NativeRegion region = NativeRegion.Reserve(4 * s_page);
        region.Commit(0, s_page);
        region.Commit(2 * s_page, 2 * s_page);
        foreach (Action<long, long> operation in new Action<long, long>[]
        {
            (start, byteCount) => region.Protect(start, byteCount, PageAccess.Read), region.Discard, region.Lock, region.Unlock,
            (start, byteCount) => region.TryLock(start, byteCount),
        })
        {
            string message = Assert.Throws<InvalidOperationException>(() => operation(0, 2 * s_page)).Message;
            Assert.Contains($"{2 * s_page:N0} bytes from 0 on", message);
            Assert.Throws<InvalidOperationException>(() => operation(s_page, s_page));
            Assert.Throws<InvalidOperationException>(() => operation(0, 4 * s_page));
        }

        region.Protect(0, s_page, PageAccess.None);
        Assert.Throws<InvalidOperationException>(() => region.Lock(0, s_page));
    }

    [Fact]
    public void While_it_is_borrowed_nothing_is_decommitted_or_protected_but_committed_and_discarded()
    {
        using NativeRegion region = NativeRegion.Reserve(4 * s_page);
        region.Commit(0, s_page);
        using (region.Borrow<byte>(0, 10))
        {
            OtherThread.Run(() => Assert.Throws<InvalidOperationException>(() => region.Decommit(2 * s_page, s_page)));
            Assert.Throws<InvalidOperationException>(() => region.Decommit(0, s_page));
            Assert.Throws<InvalidOperationException>(() => region.Protect(0, s_page, PageAccess.Read));
            OtherThread.Run(() => region.Commit(s_page, s_page));
            region.Discard(s_page, s_page);
            Assert.Equal(2 * s_page, region.CommittedByteCount);
        }

        using (region.BorrowReadOnly<byte>(0, 0))
        {
            Assert.Throws<InvalidOperationException>(() => region.Decommit(0, s_page));
        }

        region.Protect(0, s_page, PageAccess.Read);
        region.Decommit(0, 4 * s_page);
        Assert.Equal(0, region.CommittedByteCount);
    }

    [Fact]
    public void A_refused_borrow_leaves_no_mark()
    {
        using NativeRegion region = Committed(1);
        region.Protect(0, s_page, PageAccess.Read);
        for (int i = 0; i < 100; i++)
        {
            Assert.Throws<InvalidOperationException>(() => region.Borrow<byte>(0, 10).Dispose());
        }

        region.Decommit(0, s_page);
    }

    [Theory]
    [MemberData(nameof(RangesOutside))]
    public void A_range_outside_is_refused(long start, long byteCount) =>
        ForEachOperation(region => operation => Assert.Throws<ArgumentOutOfRangeException>(() => operation(start, byteCount)));

    [Theory]
    [MemberData(nameof(RangesOfPartPages))]
    public void A_range_of_part_pages_is_refused(long start, long byteCount) =>
        ForEachOperation(
            region => operation =>
            {
                string message = Assert.Throws<ArgumentException>(() => operation(start, byteCount)).Message;
                Assert.Contains($"whole pages of {s_page:N0} bytes", message);
            });

    [Fact]
    public void A_range_of_no_pages_changes_nothing() =>
        ForEachOperation(
            region => operation =>
            {
                operation(0, 0);
                operation(8 * s_page, 0);
                Assert.Equal(8 * s_page, region.CommittedByteCount);
            });

    [Fact]
    public void An_access_that_is_none_of_the_three_is_refused()
    {
        using NativeRegion region = Committed(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => region.Protect(0, s_page, (PageAccess)3));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.Protect(0, s_page, (PageAccess)(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NativeRegionOptions { HugePages = (HugePages)3 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new NativeRegionOptions { HugePages = (HugePages)(-1) });
    }

    [Fact]
    public void Elements_outside_or_unaligned_are_not_lent()
    {
        using NativeRegion region = Committed(2);
        foreach ((long start, long length)
            in new (long, long)[] { (-8, 1L), (0, -1), (0, (s_page / 4) + 1), (2 * s_page, 1), ((2 * s_page) + 8, 0), (0, long.MaxValue), (8, s_page / 4) })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => region.Borrow<long>(start, length).Dispose());
            Assert.Throws<ArgumentOutOfRangeException>(() => region.BorrowReadOnly<long>(start, length).Dispose());
        }

        foreach (long start in new[] { 1, 2, 4, 7, s_page - 4 })
        {
            Assert.Contains("multiples of 8", Assert.Throws<ArgumentException>(() => region.Borrow<long>(start, 1).Dispose()).Message);
        }

        region.Borrow<long>(2 * s_page, 0).Dispose();
        region.Borrow<long>((2 * s_page) - 8, 1).Dispose();
        region.Borrow<Packed>(1, 3).Dispose();
        region.Borrow<Short3>(2, 3).Dispose();
        Assert.Throws<ArgumentException>(() => region.Borrow<Short3>(3, 3).Dispose());
        Assert.Throws<ArgumentException>(() => region.Borrow<Mixed>(4, 1).Dispose());
        region.Borrow<Guid>(4, 1).Dispose();
    }

    [Fact]
    public void More_than_the_machine_has_is_not_committed_and_nothing_changes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Looks at Linux's rule for how much to promise.");
        Assert.SkipWhen(File.ReadAllText("/proc/sys/vm/overcommit_memory").Trim() == "1", "This machine promises any amount of memory.");
        using NativeRegion region = NativeRegion.Reserve(1L << 42);
        region.Commit(4 * s_page, 4 * s_page);
        region.Protect(5 * s_page, s_page, PageAccess.Read);
        Fill(region, 4 * s_page, s_page, 1);
        Assert.Contains("commit", Assert.Throws<OutOfMemoryException>(() => region.Commit(0, 1L << 42)).Message);
        Assert.Equal(4 * s_page, region.CommittedByteCount);
        AssertHolds(region, 4 * s_page, s_page, 1);
        Assert.Throws<InvalidOperationException>(() => region.BorrowReadOnly<byte>(0, 1).Dispose());
        Assert.Throws<InvalidOperationException>(() => region.Borrow<byte>(5 * s_page, 1).Dispose());
        region.Commit(0, 4 * s_page);
        AssertHolds(region, 0, 4 * s_page, 0);
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0002", Justification = "The test uses an owner that has ended, which must refuse.")]
    public void After_Dispose_every_use_is_refused_and_borrows_stay_valid()
    {
        var system = new ObservedMemory();
        NativeRegion region = NativeRegion.Reserve(8 * s_page, null, system);
        region.Commit(0, 8 * s_page);
        using (Borrow<byte> borrow = region.Borrow<byte>(0, 8 * s_page))
        {
            OtherThread.Run(region.Dispose);
            AssertRefuses(region);
            borrow.Span.Fill(1);
            Assert.Equal(1, borrow[^1]);
            Assert.Equal(0, system.FreedByteCount);
        }

        Assert.Equal(8 * s_page, system.FreedByteCount);
        region.Dispose();
        AssertRefuses(region);
        Assert.Equal(8 * s_page, system.FreedByteCount);
        Assert.Equal(s_page, region.PageByteCount);

        static void AssertRefuses(NativeRegion region)
        {
            Assert.True(region.IsDisposed);
            Assert.Equal((0, 0), (region.ByteCount, region.CommittedByteCount));
            foreach (Action<long, long> operation in OperationsOf(region))
            {
                Assert.Throws<ObjectDisposedException>(() => operation(0, s_page));
            }

            Assert.Throws<ObjectDisposedException>(() => region.Borrow<byte>(0, 1).Dispose());
            Assert.Throws<ObjectDisposedException>(() => region.BorrowReadOnly<byte>(0, 1).Dispose());
        }
    }

    private static void ForEachOperation(Func<NativeRegion, Action<Action<long, long>>> check)
    {
        for (int i = 0; i < 7; i++)
        {
            using NativeRegion region = Committed(8);
            check(region)(OperationsOf(region)[i]);
        }
    }

    private static Action<long, long>[] OperationsOf(NativeRegion region) =>
    [
        region.Commit, region.Decommit, region.Discard, region.Lock, region.Unlock,
        (start, byteCount) => Assert.True(region.TryLock(start, byteCount)),
        (start, byteCount) => region.Protect(start, byteCount, PageAccess.Read),
    ];

    private static NativeRegion Committed(int pages)
    {
        NativeRegion region = NativeRegion.Reserve(pages * s_page);
        region.Commit(0, pages * s_page);
        return region;
    }

    private static void Fill(NativeRegion region, long start, long byteCount, byte value)
    {
        using Borrow<byte> borrow = region.Borrow<byte>(start, byteCount);
        borrow.Span.Fill(value);
    }

    private static void AssertHolds(NativeRegion region, long start, long byteCount, byte value)
    {
        using ReadOnlyBorrow<byte> borrow = region.BorrowReadOnly<byte>(start, byteCount);
        Assert.Equal(-1, borrow.Span.IndexOfAnyExcept(value));
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private struct Packed
    {
        public byte First;
        public long Second;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Short3
    {
        public short First;
        public short Second;
        public short Third;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Mixed
    {
        public byte First;
        public double Second;
    }
}
