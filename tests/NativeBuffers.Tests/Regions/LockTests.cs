using NativeBuffers.Platform;
using NativeBuffers.Platform.Linux;

namespace NativeBuffers.Tests.Regions;

/// <summary>Pages locked in memory, as the system sees it.</summary>
[Collection(ProcessWide.Name)]
public class LockTests
{
    private const int Pages = 32;

    private static readonly long s_page = Environment.SystemPageSize;

    [Fact]
    public void Locked_pages_are_locked_until_unlocked_decommitted_or_disposed()
    {
        long before = Residence.Locked;
        NativeRegion region = NativeRegion.Reserve(Pages * s_page);
        region.Commit(0, Pages * s_page);
        nint start = Residence.StartOf(region);
        region.Lock(0, 10 * s_page);
        AssertLocked(10);
        Assert.InRange(Residence.PresentOf(start, Pages * s_page), 10 * s_page, Pages * s_page);
        Assert.True(region.TryLock(5 * s_page, 10 * s_page));
        AssertLocked(15);
        region.Unlock(2 * s_page, 2 * s_page);
        AssertLocked(13);
        region.Protect(5 * s_page, s_page, PageAccess.Read);
        AssertLocked(13);
        region.Decommit(6 * s_page, 2 * s_page);
        AssertLocked(11);
        region.Commit(6 * s_page, 2 * s_page);
        AssertLocked(11);
        region.Dispose();
        Assert.Equal(before, Residence.Locked);

        void AssertLocked(int pages)
        {
            Assert.Equal(before + (pages * s_page), Residence.Locked);
            Assert.Equal(pages * s_page, Residence.LockedOf(start, Pages * s_page));
        }
    }

    [Fact]
    public void With_the_option_every_committed_page_is_locked()
    {
        long before = Residence.Locked;
        using (NativeRegion region = NativeRegion.Reserve(1L << 40, new NativeRegionOptions { LockPages = true }))
        {
            Assert.Equal(before, Residence.Locked);
            region.Commit(0, 4 * s_page);
            region.Commit(2 * s_page, 4 * s_page);
            Assert.Equal(before + (6 * s_page), Residence.Locked);
            region.Decommit(s_page, s_page);
            Assert.Equal(before + (5 * s_page), Residence.Locked);
        }

        using var buffer = StableBuffer<byte>.Reserve(1L << 40, new NativeRegionOptions { LockPages = true });
        buffer.Resize((3 * s_page) + 1);
        Assert.Equal(before + (4 * s_page), Residence.Locked);
        buffer.Resize(s_page);
        Assert.Equal(before + s_page, Residence.Locked);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Locked_pages_are_discarded_and_stay_locked(bool wipes)
    {
        using NativeRegion region = NativeRegion.Reserve(Pages * s_page, new NativeRegionOptions { LockPages = true, WipeOnFree = wipes });
        region.Commit(0, Pages * s_page);
        region.Unlock(10 * s_page, s_page);
        long locked = Residence.Locked;
        using Borrow<byte> borrow = region.Borrow<byte>(0, Pages * s_page);
        borrow.Span.Fill(1);
        region.Discard(s_page, (Pages - 1) * s_page);
        Assert.Equal(s_page, borrow.Span.IndexOfAnyExcept((byte)1));
        Assert.Equal(-1, borrow.Span[(int)s_page..].IndexOfAnyExcept((byte)0));
        Assert.Equal(locked, Residence.Locked);
    }

    [Fact]
    public unsafe void Kernels_that_do_not_discard_locked_pages_are_asked_in_three_steps()
    {
        Assert.SkipUnless(Host.Memory is LinuxMemory, "Linux only.");
        using NativeRegion region = NativeRegion.Reserve(Pages * s_page, new NativeRegionOptions { LockPages = true });
        region.Commit(0, Pages * s_page);
        long locked = Residence.Locked;
        using Borrow<byte> borrow = region.Borrow<byte>(0, Pages * s_page);
        borrow.Span.Fill(1);
        Assert.True(((LinuxMemory)Host.Memory).DiscardByUnlocking((void*)Residence.StartOf(region), (nuint)(Pages * s_page)));
        Assert.Equal(-1, borrow.Span.IndexOfAnyExcept((byte)0));
        Assert.Equal(locked, Residence.Locked);
    }

    [Fact]
    public void A_refused_lock_changes_nothing_and_names_the_limit()
    {
        long before = Residence.Locked;
        var system = new ObservedMemory();
        using NativeRegion region = NativeRegion.Reserve(Pages * s_page, null, system);
        region.Commit(0, Pages * s_page);
        region.Lock(4 * s_page, s_page);
        system.RefusesLocks = true;
        Assert.False(region.TryLock(0, 10 * s_page));
        Assert.Contains("RLIMIT_MEMLOCK", Assert.Throws<OutOfMemoryException>(() => region.Lock(0, 10 * s_page)).Message);
        system.RefusesLocks = false;
        system.RefusesAfter = 1;
        Assert.False(region.TryLock(0, 10 * s_page));
        Assert.True(system.HasRefused);
        Assert.Equal(before + s_page, Residence.Locked);
        Assert.True(region.TryLock(0, 10 * s_page));
    }

    [Fact]
    public void When_pages_cannot_be_locked_they_are_not_committed_either()
    {
        long before = Residence.Locked;
        var system = new ObservedMemory();
        using NativeRegion region = NativeRegion.Reserve(Pages * s_page, new NativeRegionOptions { LockPages = true }, system);
        region.Commit(s_page, s_page);
        system.RefusesLocks = true;
        Assert.Contains("RLIMIT_MEMLOCK", Assert.Throws<OutOfMemoryException>(() => region.Commit(0, 10 * s_page)).Message);
        Assert.Equal(s_page, region.CommittedByteCount);
        Assert.Throws<InvalidOperationException>(() => region.Borrow<byte>(0, 1).Dispose());
        Assert.Equal(before + s_page, Residence.Locked);
        Assert.Equal(s_page, Residence.AccessibleOf(system.Reserved, Pages * s_page));
        system.RefusesLocks = false;
        system.RefusesAfter = 0;
        Assert.Contains("refused to commit", Assert.Throws<OutOfMemoryException>(() => region.Commit(0, 10 * s_page)).Message);
        region.Commit(0, 10 * s_page);
    }
}
