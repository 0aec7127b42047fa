using FsCheck;
using FsCheck.Fluent;
using NativeBuffers.Regions;

namespace NativeBuffers.Tests.Regions;

/// <summary>Random programs run on a region and on an array of pages; they must agree after every step, refusals included.</summary>
[Collection(ProcessWide.Name)]
[CorrectProgram]
public class RegionModelTests
{
    private static readonly long s_page = Environment.SystemPageSize;

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void A_region_does_as_an_array_of_pages_does(bool locks, bool wipes) =>
        Prop.ForAll(RegionStep.Programs, program => Run(program, locks, wipes)).Check(Config.QuickThrowOnFailure.WithMaxTest(150).WithEndSize(60));

    [Fact]
    public void The_map_of_pages_does_as_an_array_does_and_joins_equal_neighbours() =>
        Prop.ForAll(RegionStep.Programs, Map).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(100));

    private static void Map(RegionStep[] program)
    {
        var map = new PageMap(RegionStep.Pages);
        var pages = new PageMap.State[RegionStep.Pages];
        foreach (RegionStep step in program)
        {
            Func<PageMap.State, PageMap.State> change = (step.Number % 4) switch
            {
                0 => static _ => default,
                1 => static _ => new PageMap.State(true, PageAccess.ReadWrite, false),
                2 => static state => state with { IsLocked = true },
                _ => static state => state with { Access = PageAccess.Read },
            };
            int end = step.First + step.Count;
            map.MakeRoom();
            map.Change(step.First, end, change);
            for (int i = step.First; i < end; i++)
            {
                pages[i] = change(pages[i]);
            }

            long behind = 0;
            PageMap.State? last = null;
            foreach (PageMap.Run run in map.Runs)
            {
                Assert.Equal(behind, run.Start);
                Assert.True(run.End > run.Start && run.State != last);
                Assert.True(pages.AsSpan((int)run.Start, (int)run.ByteCount).IndexOfAnyExcept(run.State) < 0);
                (behind, last) = (run.End, run.State);
            }

            Assert.Equal(RegionStep.Pages, behind);
            Assert.Equal(pages.Count(static page => page.IsCommitted), map.CommittedByteCount);
            Assert.Equal(step.Count, map.Between(step.First, end).Sum(static run => run.ByteCount));
            Assert.Equal(
                pages[step.First..end].All(static page => page.IsCommitted && page.Access >= PageAccess.Read),
                map.Allow(step.First, end, PageAccess.Read));
        }
    }

    private static void Run(RegionStep[] program, bool locks, bool wipes)
    {
        var system = new ObservedMemory();
        long locked = Residence.Locked;
        using NativeRegion region = NativeRegion.Reserve(
            RegionStep.Pages * s_page, new NativeRegionOptions { LockPages = locks, WipeOnFree = wipes }, system);
        var pages = new ModelPage[RegionStep.Pages];
        foreach (RegionStep step in program)
        {
            // Where contents may be lost by a refusal, none is tried.
            bool mayLose = step.Kind is RegionStep.Operation.Discard || (wipes && step.Kind is RegionStep.Operation.Decommit);
            system.RefusesAfter = mayLose ? -1 : step.RefusedCall;
            ModelPage[] changed = [.. pages];
            Exception? expected = Record.Exception(() => Play(step, changed.AsSpan(step.First, step.Count), locks));
            Exception? actual = Record.Exception(() => Do(step, region));
            bool isRefused = system.RefusesAfter < 0 && step.RefusedCall >= 0 && !mayLose && actual is OutOfMemoryException;
            system.RefusesAfter = -1;
            if (!isRefused)
            {
                Assert.Equal(expected?.GetType(), actual?.GetType());
                pages = expected is null ? changed : pages;
            }

            AssertAgrees(region, pages);
        }

        Assert.Equal(locked + (pages.Count(static page => page is { IsCommitted: true, IsLocked: true }) * s_page), Residence.Locked);
    }

    private static void Do(RegionStep step, NativeRegion region)
    {
        long start = step.First * s_page;
        long byteCount = step.Count * s_page;
        switch (step.Kind)
        {
            case RegionStep.Operation.Commit:
                region.Commit(start, byteCount);
                break;
            case RegionStep.Operation.Decommit:
                region.Decommit(start, byteCount);
                break;
            case RegionStep.Operation.Protect:
                region.Protect(start, byteCount, (PageAccess)(step.Number % 3));
                break;
            case RegionStep.Operation.Discard:
                region.Discard(start, byteCount);
                break;
            case RegionStep.Operation.Lock:
                region.Lock(start, byteCount);
                break;
            case RegionStep.Operation.Unlock:
                region.Unlock(start, byteCount);
                break;
            default:
                using (Borrow<byte> borrow = region.Borrow<byte>(start, byteCount))
                {
                    borrow.Span.Fill((byte)(step.Number + 1));
                }

                break;
        }
    }

    private static void Play(RegionStep step, Span<ModelPage> pages, bool locks)
    {
        foreach (ref ModelPage page in pages)
        {
            if (step.Kind is not (RegionStep.Operation.Commit or RegionStep.Operation.Decommit) && !page.IsCommitted)
            {
                throw new InvalidOperationException();
            }

            switch (step.Kind)
            {
                case RegionStep.Operation.Commit:
                    page = page.IsCommitted ? page with { Access = PageAccess.ReadWrite } : new ModelPage(true, PageAccess.ReadWrite, locks, 0);
                    break;
                case RegionStep.Operation.Decommit:
                    page = default;
                    break;
                case RegionStep.Operation.Protect:
                    page.Access = (PageAccess)(step.Number % 3);
                    break;
                case RegionStep.Operation.Discard:
                    page.Value = 0;
                    break;
                case RegionStep.Operation.Lock:
                    page.IsLocked = page.Access >= PageAccess.Read ? true : throw new InvalidOperationException();
                    break;
                case RegionStep.Operation.Unlock:
                    page.IsLocked = false;
                    break;
                default:
                    page.Value = page.Access == PageAccess.ReadWrite ? (byte)(step.Number + 1) : throw new InvalidOperationException();
                    break;
            }
        }
    }

    private static void AssertAgrees(NativeRegion region, ModelPage[] pages)
    {
        Assert.Equal(pages.Count(static page => page.IsCommitted) * s_page, region.CommittedByteCount);
        for (int i = 0; i < pages.Length; i++)
        {
            long start = i * s_page;
            ModelPage page = pages[i];
            Assert.Equal(!page.IsCommitted || page.Access < PageAccess.Read, IsRefused(() => region.BorrowReadOnly<byte>(start, s_page).Dispose()));
            Assert.Equal(!page.IsCommitted || page.Access < PageAccess.ReadWrite, IsRefused(() => region.Borrow<byte>(start, s_page).Dispose()));
            if (page.IsCommitted && page.Access >= PageAccess.Read)
            {
                using ReadOnlyBorrow<byte> borrow = region.BorrowReadOnly<byte>(start, s_page);
                Assert.True(borrow.Span.IndexOfAnyExcept(page.Value) < 0, $"Page {i} holds something else than {page.Value}.");
            }
        }
    }

    private static bool IsRefused(Action borrow) => Record.Exception(borrow) is InvalidOperationException;

    private record struct ModelPage(bool IsCommitted, PageAccess Access, bool IsLocked, byte Value);
}
