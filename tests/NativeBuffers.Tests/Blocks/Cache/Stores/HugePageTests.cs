using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Tests.Blocks.Cache.Stores;

/// <summary>Runs of blocks on huge pages, where the system gives them to programs that ask.</summary>
[Collection(ProcessWide.Name)]
public class HugePageTests
{
    private const int BlockBytes = BlockRun.LargestBlock;

    /// <summary>More than all earlier tests have left as runs without memory.</summary>
    private const int MostBlocks = 512 * 1024 * 1024 / BlockBytes;

    public HugePageTests()
    {
        Needs.Caches();
        Assert.SkipUnless(GivesHugePages(), "The system has no huge pages of two chunks to give.");
    }

    [Fact]
    public unsafe void A_range_that_was_filled_is_zero_and_has_memory_until_a_part_is_discarded()
    {
        nuint byteCount = 2 * Host.Memory.HugePageSize;
        byte* range = (byte*)Host.Memory.Allocate(byteCount, Host.Memory.HugePageSize);
        try
        {
            long before = HugeBytes();
            Host.Memory.FillWithHugePages(range, byteCount);
            Assert.Equal((long)byteCount, HugeBytes() - before);
            Assert.All(Resident(range, byteCount), static page => Assert.NotEqual(0, page));
            Assert.Equal(-1, new Span<byte>(range, (int)byteCount).IndexOfAnyExcept((byte)0));

            // A part that goes back stays away: the kernel's thread that makes huge pages passes ranges over which refuse them.
            new Span<byte>(range, (int)byteCount).Fill(1);
            nuint part = 64 * 1024;
            Assert.True(Host.Memory.Discard(range, part, isLocked: false, isReadable: true, isWritable: true));
            Assert.All(Resident(range, part), static page => Assert.Equal(0, page));
            Assert.All(Resident(range + part, byteCount - part), static page => Assert.NotEqual(0, page));
            Assert.Equal((long)Host.Memory.HugePageSize, HugeBytes() - before);
            Assert.Contains(" nh", FlagsOf((nint)range));
        }
        finally
        {
            Host.Memory.Free(range, byteCount);
        }
    }

    [Fact]
    public void Many_blocks_lie_on_huge_pages_and_leave_none_after_a_trim() =>
        OtherThread.Run(
            static () =>
            {
                NativeMemoryCache.Trim();
                long before = HugeBytes();
                var blocks = new List<nint>();
                while (HugeBytes() - before < 4 * BlockRun.ChunkSize && blocks.Count < MostBlocks)
                {
                    for (int i = 0; i < 64; i++)
                    {
                        blocks.Add(Take());
                    }
                }

                long most = HugeBytes() - before;
                nint[] taken = [.. blocks];
                foreach (nint block in taken)
                {
                    Fill(block, (byte)(block / BlockBytes));
                }

                Assert.All(taken, static block => Assert.True(IsFilled(block, (byte)(block / BlockBytes))));
                Array.ForEach(taken, Give);
                NativeMemoryCache.Trim();
                long after = HugeBytes() - before;
                Assert.InRange(most, 4 * BlockRun.ChunkSize, long.MaxValue);

                // Also the runs that no block has come from yet, and the pages beside the records.
                Assert.InRange(after, long.MinValue, 0);
                Assert.Equal(0, taken.Count(static block => IsResident(block)));
            });

    [Fact]
    public void Fresh_runs_of_a_huge_page_lose_their_memory_in_the_second_pass_of_the_timer() =>
        OtherThread.Run(
            static () =>
            {
                NativeMemoryCache.Trim();
                long before = HugeBytes();
                var blocks = new List<nint>();
                while (HugeBytes() <= before && blocks.Count < MostBlocks)
                {
                    blocks.Add(Take());
                }

                long full = HugeBytes();
                RunSpace.Trim(idleOnly: true);
                long first = HugeBytes();
                RunSpace.Trim(idleOnly: true);
                long second = HugeBytes();
                blocks.ForEach(Give);
                NativeMemoryCache.Trim();
                Assert.InRange(full, before + 1, long.MaxValue);
                Assert.Equal(full, first);
                Assert.Equal(before, second);
            });

    /// <summary>Asks in another way: for part of a reservation.</summary>
    private static unsafe bool GivesHugePages()
    {
        const int HugePage = 2 * BlockRun.ChunkSize;
        if (Host.Memory.PageSizeOf(PageKind.Transparent) == 0)
        {
            return false;
        }

        byte* range = (byte*)Host.Memory.Reserve(2 * HugePage, PageKind.Transparent);
        try
        {
            long before = HugeBytes();
            return range != null && Host.Memory.Commit(range, 2 * HugePage)
                && (range[0] = range[HugePage] = 1) != 0
                && HugeBytes() - before == 2 * HugePage;
        }
        finally
        {
            Host.Memory.Free(range, 2 * HugePage);
        }
    }

    private static unsafe nint Take() => (nint)NativeAllocator.Default.AllocateUninitialized(BlockBytes);

    private static unsafe void Give(nint block) => NativeAllocator.Default.Free((void*)block, BlockBytes);

    private static unsafe void Fill(nint block, byte value) => new Span<byte>((void*)block, BlockBytes).Fill(value);

    private static unsafe bool IsFilled(nint block, byte value) => new Span<byte>((void*)block, BlockBytes).IndexOfAnyExcept(value) < 0;

    private static unsafe bool IsResident(nint block) =>
        Resident((byte*)(((nuint)block + SystemMemory.PageSize - 1) & ~(SystemMemory.PageSize - 1)), SystemMemory.PageSize)[0] != 0;

    private static unsafe byte[] Resident(byte* start, nuint byteCount)
    {
        byte[] pages = new byte[byteCount / SystemMemory.PageSize];
        Host.Memory.FindResident(start, pages);
        return pages;
    }

    /// <summary>The memory of this process that lies on huge pages, in bytes.</summary>
    private static long HugeBytes() => 1024 * long.Parse(
        File.ReadLines("/proc/self/smaps_rollup").Single(static line => line.StartsWith("AnonHugePages:", StringComparison.Ordinal)).Split(':')[1].Replace("kB", ""),
        System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The kernel's flags of the mapping of an address.</summary>
    private static string FlagsOf(nint address)
    {
        bool isHere = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            string[] range = line.Split(' ')[0].Split('-');
            if (range.Length == 2 && nint.TryParse(range[0], System.Globalization.NumberStyles.HexNumber, null, out nint first))
            {
                nint end = nint.Parse(range[1], System.Globalization.NumberStyles.HexNumber, null);
                isHere = address >= first && address < end;
            }
            else if (isHere && line.StartsWith("VmFlags:", StringComparison.Ordinal))
            {
                return line;
            }
        }

        return "";
    }
}
