using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Trimming;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Tests.Diagnostics.Faults;

/// <summary>Each request to the system, the C library or the runtime is refused once, also requests for the library's own memory.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public class RefusedRequestTests : IClassFixture<RefusedRequestTests.Calm>
{
    public RefusedRequestTests() => Needs.Caches();

    public static TheoryData<string, string> Cases =>
    [
        .. from body in Bodies.All.Keys from allocator in new[] { "Default", "Aligned", "Faulty" } select (body, allocator),
        .. from body in new[] { "owner", "list", "bare block", "arena" }
           from allocator in new[] { "Malloc", "HGlobal", "CoTaskMem", "Pages", "PinnedHeap", "Checked", "Guarded pages", "Tracked" }
           select (body, allocator),
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_refusal_of_the_system_throws_and_nothing_is_lost(string body, string allocator)
    {
        NativeAllocator? chosen = allocator switch
        {
            "Default" => null,
            "Malloc" => NativeAllocator.Malloc,
            "HGlobal" => NativeAllocator.HGlobal,
            "CoTaskMem" => NativeAllocator.CoTaskMem,
            "Aligned" => NativeAllocator.Aligned(4096),
            "Pages" => NativeAllocator.Pages,
            "PinnedHeap" => NativeAllocator.PinnedHeap,
            "Checked" => NativeAllocator.Malloc.WithGuards(GuardMode.Checked),
            "Guarded pages" => NativeAllocator.Malloc.WithGuards(GuardMode.Pages),
            "Tracked" => NativeAllocator.Malloc.WithTracking(),
            _ => NativeAllocator.Malloc.WithFaults(FaultPlan.FailNth(long.MaxValue)),
        };
        RefuseEach(() => Bodies.All[body](chosen));
    }

    [Fact]
    public void A_checked_block_is_given_back_where_there_is_no_memory_to_keep_it()
    {
        NativeAllocator allocator = NativeAllocator.Malloc.WithGuards(GuardMode.Checked);
        long violations = NativeMemoryGuard.ViolationCount;
        NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.Create(10, allocator);
        nint bare;
        unsafe
        {
            // SAFETY: freed below, once.
            bare = (nint)allocator.Allocate(40);
        }

        Assert.Null(OnNewThread(() => FailPoint.Test(static () => true, owner.Dispose)));
        Assert.Null(OnNewThread(() => FailPoint.Test(static () => true, () =>
        {
            unsafe
            {
                // SAFETY: allocated above; none is given.
                allocator.Free((void*)bare, 40);
                Assert.True(allocator.TryAllocate(40, 16, zeroed: false) == null);
            }
        })));
        Assert.True(owner.IsDisposed);
        Assert.Equal(violations, NativeMemoryGuard.ViolationCount);
    }

    [Fact]
    public void Regions_that_are_refused_are_unchanged() => RefuseEach(static () =>
    {
        using var region = NativeRegion.Reserve(1 << 20);
        long page = region.PageByteCount;
        try
        {
            region.Commit(0, 4 * page);
            region.Protect(0, page, PageAccess.Read);
            region.Decommit(page, page);
            region.Commit(page, page);
            _ = region.TryLock(0, page);
        }
        catch (OutOfMemoryException)
        {
            Assert.True(region.CommittedByteCount is 0 || region.CommittedByteCount >= 3 * page);
            throw;
        }
    });

    [Fact]
    public void A_stable_buffer_that_is_refused_is_unchanged() => RefuseEach(static () =>
    {
        using var buffer = StableBuffer<int>.Reserve(1 << 20);
        foreach (int length in new[] { 10, 50_000, 100, 80_000 })
        {
            long before = buffer.Length;
            try
            {
                buffer.Resize(length);
            }
            catch (OutOfMemoryException)
            {
                Assert.Equal(before, buffer.Length);
                throw;
            }
        }
    });

    [Fact]
    public void Mapped_files_that_are_refused_are_unchanged()
    {
        using var folder = new TemporaryFolder();
        int file = 0;
        RefuseEach(() =>
        {
            string path = folder.File($"file{Interlocked.Increment(ref file)}");
            using (MappedFile<int> mapped = MappedFile<int>.Create(path, 100))
            {
                try
                {
                    mapped.Resize(100_000);
                    mapped.Resize(0);
                    mapped.Resize(10);
                }
                catch (OutOfMemoryException)
                {
                    Assert.Equal(mapped.Length * sizeof(int), new FileInfo(path).Length);
                    throw;
                }
            }

            using MappedFile<int> read = MappedFile<int>.OpenRead(path);
            using UnmanagedMemoryStream stream = read.AsStream();
            Assert.Equal(40, stream.Length);
        });
    }

    [Fact]
    public void Shared_memory_that_is_refused_leaves_no_name()
    {
        string name = $"supply{Guid.NewGuid():N}";
        RefuseEach(() =>
        {
            using SharedMemory<int> made = SharedMemory<int>.Create(name, 100);
            using SharedMemory<int> opened = SharedMemory<int>.Open(name);
            Assert.Equal(100, opened.Length);
        });
    }

    [Fact]
    public void Handles_that_are_refused_lose_nothing() => RefuseEach(static () =>
    {
        using SafeMallocBuffer handle = SafeMallocBuffer.Allocate(400);
        using NativeMemoryOwner<int> owner = handle.ToOwner<int>();
        using SafeMallocBuffer again = SafeMallocBuffer.FromOwner(owner);
        using SafePagesBuffer pages = SafePagesBuffer.Allocate(400);
        using NativeMemoryOwner<int> ofPages = pages.ToOwner<int>();
    });

    /// <summary>The block is hot, and its slot has no cleaner yet: the shortest path meets the refusal.</summary>
    [Fact]
    public void A_block_whose_slot_gets_no_cleaner_is_not_lost() => RefuseEach(static () =>
    {
        for (int i = 0; i < 3; i++)
        {
            NativeBuffer.Create<int>(1000).Dispose();
            NativeMemoryOwner<int>.Create(1000).Dispose();
            NativeBuffer.Create<int>(2000).Dispose();
            NativeMemoryPool<int>.Shared.RentBuffer(2000).Dispose();
        }
    });

    /// <summary>Runs a body again and again, each time on a new thread, and each time refuses another request.</summary>
    /// <remarks>
    /// The process counts abandoned owners. A late finalizer of an earlier test may add one, so a count that differs is taken once more:
    /// an owner that the body loses is lost again.
    /// </remarks>
    private static void RefuseEach(Action body)
    {
        OnNewThread(body);
        long abandoned = AbandonedIn(body);
        Assert.True(abandoned == 0 || AbandonedIn(body) == 0, $"{abandoned} owners were abandoned.");
    }

    private static long AbandonedIn(Action body)
    {
        long abandoned = Abandoned;
        long inUse = SlotsInUse;
        int refused = 0;
        for (int failing = 1; ; failing++)
        {
            int asked = 0;
            Exception? thrown = OnNewThread(() => FailPoint.Test(() => ++asked == failing, body));
            Assert.True(thrown is null or OutOfMemoryException, $"When request {failing} was refused: {thrown}");
            if (asked < failing)
            {
                break;
            }

            refused++;
            Assert.Null(OnNewThread(body));
            if (failing % 8 == 0)
            {
                NativeMemoryCache.Trim();
            }
        }

        Assert.NotEqual(0, refused);
        Settle();
        abandoned = Abandoned - abandoned;
        Assert.True(Collector.Until(() => SlotsInUse <= inUse), $"{SlotsInUse - inUse} slots were lost in {refused} refusals.");
        return abandoned;
    }

    private static long Abandoned => EndedThreads.AbandonedCount + Cleaner.AbandonedCount;

    private static long SlotsInUse
    {
        get
        {
            NativeMemoryCache.Trim();
            return ((long)SlotTable.Slabs().Length * SlotTable.SlabLength) - SlotTable.VacantCount;
        }
    }

    private static void Settle()
    {
        Collector.Settle();
        NativeMemoryCache.Trim();
    }

    private static Exception? OnNewThread(Action body) => Record.Exception(() => OtherThread.Run(body));

    /// <summary>Collects what earlier classes have forgotten, before the first test. After a test, the test itself does that.</summary>
    public sealed class Calm
    {
        public Calm() => Settle();
    }
}
