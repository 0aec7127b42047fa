using System.Globalization;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Regions;

/// <summary>This process's memory, in bytes, from Linux. On other systems the test is skipped.</summary>
internal static class Residence
{
    /// <summary>All that is in memory.</summary>
    public static long OfProcess => Read("/proc/self/smaps_rollup", "Rss:");

    /// <summary>All that is locked.</summary>
    public static long Locked => Read("/proc/self/status", "VmLck:");

    /// <summary>The bytes of a range that are in memory.</summary>
    public static long Of(nint start, long byteCount) => Sum(start, byteCount, "Rss:");

    /// <summary>The bytes of <see cref="Of"/> for whole pages, page by page. Pages that were only read count: they are the system's zero page.</summary>
    public static long PresentOf(nint start, long byteCount)
    {
        SkipElsewhere();
        ulong[] words = new ulong[byteCount / Environment.SystemPageSize];
        using FileStream pages = File.OpenRead("/proc/self/pagemap");
        pages.Position = start / Environment.SystemPageSize * sizeof(ulong);
        pages.ReadExactly(MemoryMarshal.AsBytes(words.AsSpan()));

        // The highest bit says that the page is there.
        return words.Count(static word => word >> 63 != 0) * (long)Environment.SystemPageSize;
    }

    /// <summary>The locked bytes of a range.</summary>
    public static long LockedOf(nint start, long byteCount) => Sum(start, byteCount, "Locked:");

    /// <summary>The bytes of a range that are in huge pages.</summary>
    public static long HugeOf(nint start, long byteCount) => Sum(start, byteCount, "AnonHugePages:");

    /// <summary>The bytes of a range that the system lets be touched.</summary>
    public static long AccessibleOf(nint start, long byteCount)
    {
        SkipElsewhere();
        long sum = 0;
        foreach (string[] line in File.ReadLines("/proc/self/maps").Select(static line => line.Split(' ')))
        {
            (long first, long behind) = Ends(line[0]);
            sum += line[1].StartsWith("---", StringComparison.Ordinal)
                ? 0
                : long.Max(0, long.Min(behind, start + byteCount) - long.Max(first, start));
        }

        return sum;
    }

    /// <summary>Where the first page of a borrow of the region is; its first page must be readable.</summary>
    public static unsafe nint StartOf(NativeRegion region)
    {
        using ReadOnlyBorrow<byte> borrow = region.BorrowReadOnly<byte>(0, 1);
        fixed (byte* start = borrow.Span)
        {
            return (nint)start;
        }
    }

    public static unsafe nint StartOf<T>(StableBuffer<T> buffer)
        where T : unmanaged
    {
        using Borrow<T> borrow = buffer.Borrow();
        fixed (T* start = borrow.AsSpan(0, 1))
        {
            return (nint)start;
        }
    }

    /// <remarks>Mappings are not cut by the range: neighbours in the same state count whole, so touch nothing beside it.</remarks>
    private static long Sum(nint start, long byteCount, string name)
    {
        SkipElsewhere();
        long sum = 0;
        bool isInside = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            if (!line.Split(' ')[0].EndsWith(':'))
            {
                (long first, long behind) = Ends(line.Split(' ')[0]);
                isInside = first < start + byteCount && behind > start;
            }
            else if (isInside && line.StartsWith(name, StringComparison.Ordinal))
            {
                sum += Number(line, name);
            }
        }

        return sum;
    }

    /// <summary>Of a mapping, as <c>7f0000000000-7f0000001000</c>.</summary>
    private static (long First, long Behind) Ends(string mapping)
    {
        string[] ends = mapping.Split('-');
        return (Parse(ends[0]), Parse(ends[1]));

        // The kernel's own mappings are above all that a long counts.
        static long Parse(string address) =>
            (long)ulong.Min(long.MaxValue, ulong.Parse(address, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }

    private static long Read(string file, string name)
    {
        SkipElsewhere();
        return Number(File.ReadLines(file).Single(line => line.StartsWith(name, StringComparison.Ordinal)), name);
    }

    private static long Number(string line, string name) =>
        1024 * long.Parse(line[name.Length..^"kB".Length].Trim(), CultureInfo.InvariantCulture);

    private static void SkipElsewhere() =>
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells what is in memory, in /proc/self.");
}
