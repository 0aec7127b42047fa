using System.Globalization;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Tests.Regions;

/// <summary>Huge pages: granted, or refused and why. The first tests ask this machine, and the rest a simulated one.</summary>
[Collection(ProcessWide.Name)]
public class HugePagesTests
{
    private const long Size = 32 << 20;

    private static readonly long s_page = Environment.SystemPageSize;

    [Fact]
    public void Transparent_ones_are_granted_where_they_are_on_or_the_reason_is_given()
    {
        using NativeRegion region = NativeRegion.Reserve(Size, new NativeRegionOptions { HugePages = HugePages.Transparent });
        bool isOn = OperatingSystem.IsLinux()
            && File.Exists("/sys/kernel/mm/transparent_hugepage/enabled")
            && !File.ReadAllText("/sys/kernel/mm/transparent_hugepage/enabled").Contains("[never]", StringComparison.Ordinal);
        Assert.Equal(isOn ? HugePages.Transparent : HugePages.None, region.GrantedHugePages);
        AssertReasonIsToldUnless(isOn, region);
        Assert.Equal(s_page, region.PageByteCount);
        AssertWorks(region);
        if (isOn)
        {
            AssertMemoryIsInHugePages(region);
            region.Decommit(0, Size);
            AssertMemoryIsInHugePages(region);
        }
    }

    [Fact]
    public void Explicit_ones_are_granted_where_they_were_reserved_or_the_reason_is_given()
    {
        using NativeRegion region = NativeRegion.Reserve(Size, new NativeRegionOptions { HugePages = HugePages.Explicit });
        if (region.GrantedHugePages == HugePages.Explicit)
        {
            Assert.Null(region.HugePagesRefusal);
            Assert.True(region.PageByteCount > s_page);
            Assert.Throws<ArgumentException>(() => region.Commit(0, s_page));
        }
        else
        {
            Assert.False(string.IsNullOrEmpty(region.HugePagesRefusal));
            Assert.Equal(s_page, region.PageByteCount);
            if (OperatingSystem.IsLinux())
            {
                Assert.Contains("vm.nr_hugepages", region.HugePagesRefusal);
            }
        }

        AssertWorks(region);
    }

    [Fact]
    public void More_explicit_ones_than_were_set_aside_become_transparent_or_ordinary_ones()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has such a pool.");
        using NativeRegion region = NativeRegion.Reserve(1L << 44, new NativeRegionOptions { HugePages = HugePages.Explicit });
        Assert.NotEqual(HugePages.Explicit, region.GrantedHugePages);
        Assert.Contains("vm.nr_hugepages", region.HugePagesRefusal);
        AssertWorks(region);
    }

    [Theory]
    [InlineData(HugePages.None, "", HugePages.None, null)]
    [InlineData(HugePages.None, "ET", HugePages.None, null)]
    [InlineData(HugePages.Transparent, "T", HugePages.None, "No Transparent here.")]
    [InlineData(HugePages.Explicit, "", HugePages.Explicit, null)]
    [InlineData(HugePages.Explicit, "ET", HugePages.None, "No Explicit here; and: No Transparent here.")]
    public void The_granted_pages_and_the_reason_for_the_refused_ones(HugePages asked, string refused, HugePages granted, string? reason)
    {
        var system = new ObservedMemory { HasFakeHugePages = true };
        Refuse(system, refused);
        using NativeRegion region = NativeRegion.Reserve(Size - 1, new NativeRegionOptions { HugePages = asked }, system);
        Assert.Equal((granted, reason), (region.GrantedHugePages, region.HugePagesRefusal));
        long page = granted == HugePages.Explicit ? ObservedMemory.FakeHugePage : s_page;
        Assert.Equal((page, Size), (region.PageByteCount, region.ByteCount));
        AssertWorks(region);
        using var buffer = StableBuffer<byte>.Reserve(Size - 1, new NativeRegionOptions { HugePages = asked }, system);
        Assert.Equal((granted, reason), (buffer.GrantedHugePages, buffer.HugePagesRefusal));
    }

    [Fact]
    public void Explicit_ones_that_are_refused_become_transparent_ones_where_there_are_some()
    {
        var system = new ObservedMemory { HasFakeHugePages = true };
        Refuse(system, "E");
        Assert.SkipWhen(system.PageSizeOf(PageKind.Transparent) == 0, "This machine has none.");
        using NativeRegion region = NativeRegion.Reserve(Size, new NativeRegionOptions { HugePages = HugePages.Explicit }, system);
        Assert.Equal((HugePages.Transparent, "No Explicit here."), (region.GrantedHugePages, region.HugePagesRefusal));
        Assert.Equal(s_page, region.PageByteCount);
    }

    [Fact]
    public void With_explicit_ones_ranges_are_whole_huge_pages()
    {
        using NativeRegion region = NativeRegion.Reserve(
            1, new NativeRegionOptions { HugePages = HugePages.Explicit }, new ObservedMemory { HasFakeHugePages = true });
        Assert.Equal(ObservedMemory.FakeHugePage, region.ByteCount);
        Assert.Contains("2,097,152", Assert.Throws<ArgumentException>(() => region.Commit(0, s_page)).Message);
        region.Commit(0, ObservedMemory.FakeHugePage);
        region.Borrow<byte>(1, 3).Dispose();
    }

    [Fact]
    public void A_buffer_with_explicit_ones_grows_and_shrinks()
    {
        using var buffer = StableBuffer<byte>.Reserve(
            Size, new NativeRegionOptions { HugePages = HugePages.Explicit }, new ObservedMemory { HasFakeHugePages = true });
        buffer.Resize(ObservedMemory.FakeHugePage + 1);
        buffer.Borrow().Dispose();
        buffer.Resize(1);
        buffer.Resize(Size);
        using Borrow<byte> borrow = buffer.Borrow();
        Assert.Equal(-1, borrow.Span.IndexOfAnyExcept((byte)0));
    }

    private static void Refuse(ObservedMemory system, string kinds)
    {
        foreach (char kind in kinds)
        {
            system.RefusedKinds.Add(kind == 'E' ? PageKind.Explicit : PageKind.Transparent);
        }
    }

    private static void AssertReasonIsToldUnless(bool isGranted, NativeRegion region)
    {
        Assert.Equal(isGranted, region.HugePagesRefusal is null);
        Assert.NotEqual("", region.HugePagesRefusal);
    }

    private static void AssertMemoryIsInHugePages(NativeRegion region)
    {
        region.Commit(0, Size);
        using Borrow<byte> borrow = region.Borrow<byte>(0, Size);
        long before = Fallbacks();
        borrow.Span.Fill(1);
        long hugeBytes = Residence.HugeOf(Residence.StartOf(region), Size);
        Assert.SkipWhen(hugeBytes == 0 && Fallbacks() > before, "This machine has no free huge page now.");
        Assert.InRange(hugeBytes, 1, Size);
    }

    /// <summary>How often Linux has given ordinary pages because it found no huge one.</summary>
    private static long Fallbacks()
    {
        string? line = File.ReadLines("/proc/vmstat").FirstOrDefault(static line => line.StartsWith("thp_fault_fallback ", StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private static void AssertWorks(NativeRegion region)
    {
        long page = region.PageByteCount;
        region.Commit(0, 4 * page);
        using (Borrow<byte> borrow = region.Borrow<byte>(0, 4 * page))
        {
            Assert.Equal(-1, borrow.Span.IndexOfAnyExcept((byte)0));
            borrow.Span.Fill(1);
            region.Discard(0, page);
        }

        region.Decommit(page, 2 * page);
        region.Commit(0, 4 * page);
        using ReadOnlyBorrow<byte> again = region.BorrowReadOnly<byte>(page, 3 * page);
        Assert.Equal(2 * page, again.Span.IndexOfAnyExcept((byte)0));
    }
}
