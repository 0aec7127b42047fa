using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Tests.Allocation.Budgets;

/// <summary>One budget, and a few of them.</summary>
public class BudgetTests
{
    [Fact]
    public unsafe void A_budget_counts_exactly_the_requested_bytes()
    {
        NativeMemoryBudget budget = NativeAllocator.Pages.WithBudget(new() { Name = "Mine", Limit = 1000 });
        void* block = budget.Allocate(600);
        Assert.Equal((600L, 600L, 1000L, "Mine"), (budget.UsedBytes, budget.PeakBytes, budget.Limit, budget.Name));
        Assert.True(budget.TryAllocate(401, 16, zeroed: false) == null);
        void* other = budget.Allocate(400);
        budget.Free(block, 600);
        Assert.Equal((400L, 1000L, 1L), (budget.UsedBytes, budget.PeakBytes, budget.RefusedCount));
        budget.Free(other, 400);
        Assert.Equal((0L, 1000L), (budget.UsedBytes, budget.PeakBytes));
    }

    [Fact]
    public unsafe void Growth_is_charged_before_and_shrinking_is_credited_after()
    {
        NativeMemoryBudget budget = NativeAllocator.Malloc.WithBudget(new() { Limit = 1000 });
        void* block = budget.Allocate(100);
        block = budget.Resize(block, 100, 1000);
        Assert.Equal(1000, budget.UsedBytes);
        Assert.True(budget.TryResize(block, 1000, 1001) == null);
        Assert.True(budget.TryResizeUninitialized(block, 1000, 1001) == null);
        NativeMemoryRefusal refused = Refused.By(() => { _ = budget.Resize(block, 1000, 1010); });
        Assert.Equal((10L, 1000L), (refused.AskedBytes, refused.UsedBytes));
        block = budget.TryResizeUninitialized(block, 1000, 10);
        Assert.Equal((10L, 1000L), (budget.UsedBytes, budget.PeakBytes));
        budget.Free(block, 10);
        Assert.Equal(0, budget.UsedBytes);
    }

    [Fact]
    public void The_exception_names_the_level_that_refused()
    {
        NativeMemoryBudget top = NativeAllocator.Default.WithBudget(new() { Name = "Top", Limit = 1000 });
        NativeMemoryBudget middle = top.WithBudget(new() { Name = "Middle", Limit = 2000 });
        NativeMemoryBudget low = middle.WithBudget(new() { Name = "Low", Limit = 500 });
        using var kept = NativeMemoryOwner<byte>.Create(300, low);

        NativeMemoryRefusal refusal = Refused.By(() => NativeMemoryOwner<byte>.Create(201, low));
        Assert.Equal(("Low", 500L, 300L, 201L), (refusal.BudgetName, refusal.Limit, refusal.UsedBytes, refusal.AskedBytes));

        var exception = Assert.Throws<OutOfMemoryException>(() => new NativeList<byte>(701, middle));
        Assert.Equal("The budget 'Top' refused 701 bytes: of 1,000 bytes 300 are in use.", exception.Message);
        Assert.Equal((1L, 0L, 1L), (top.RefusedCount, middle.RefusedCount, low.RefusedCount));
        Assert.Same(middle, low.Parent);
        Assert.Null(top.Parent);
    }

    [Fact]
    public void Trying_gives_false_and_the_next_exception_tells_of_its_own_cause()
    {
        var inner = new RecordingAllocator();
        NativeAllocator budget = inner.WithLimit(100);
        Assert.False(NativeBuffer.TryCreate<byte>(101, out _, budget));
        inner.BlocksLeft = 0;
        var exception = Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<byte>.Create(50, budget));
        Assert.Null(NativeMemoryRefusal.Of(exception));
        Assert.Contains("Limit(Recording)", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void A_refusal_of_the_wrapped_allocator_is_not_charged_and_is_no_peak()
    {
        var inner = new RecordingAllocator();
        NativeMemoryBudget budget = inner.WithBudget(new());
        void* block = budget.Allocate(10);
        inner.BlocksLeft = 0;
        Assert.True(budget.TryAllocate(100, 16, zeroed: true) == null);
        Assert.True(budget.TryResize(block, 10, 100) == null);
        inner.ThrownByAllocate = new InvalidTimeZoneException();
        Assert.Throws<InvalidTimeZoneException>(() => { _ = budget.Allocate(100); });
        Assert.Throws<InvalidTimeZoneException>(() => { _ = budget.Resize(block, 10, 100); });
        Assert.Equal((10L, 10L, 0L), (budget.UsedBytes, budget.PeakBytes, budget.RefusedCount));
        budget.Free(block, 10);
        inner.AssertAllFreed();
    }

    [Fact]
    public void Limits_may_be_nothing_or_everything_but_not_less_than_nothing()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeAllocator.Malloc.WithLimit(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NativeMemoryBudgetOptions { Limit = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new NativeMemoryBudgetOptions { ReservedBytes = -1 });
        Assert.Throws<ArgumentNullException>(() => NativeAllocator.Malloc.WithBudget(null!));
        Assert.Throws<ArgumentException>(() => NativeAllocator.Malloc.WithBudget(new() { Name = "" }));
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeAllocator.Malloc.WithBudget(new() { Limit = 5, ReservedBytes = 6 }));

        NativeAllocator nothing = NativeAllocator.Malloc.WithLimit(0);
        using (var empty = NativeMemoryOwner<byte>.Create(0, nothing))
        {
            Assert.Throws<OutOfMemoryException>(() => empty.Resize(1));
        }

        NativeMemoryBudget everything = NativeAllocator.Malloc.WithBudget(new() { ReservedBytes = long.MaxValue });
        using (NativeMemoryOwner<byte>.Create(1000, everything))
        {
            Assert.Equal((long.MaxValue, long.MaxValue, 1000L), (everything.Limit, everything.ReservedBytes, everything.UsedBytes));
            Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<byte>.Create(long.MaxValue - 5000, everything));
            Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<byte>.Create(long.MaxValue, everything));
        }

        everything.Dispose();
        Assert.Equal((0L, 1000L), (everything.UsedBytes, everything.PeakBytes));
    }

    [Fact]
    public void A_reservation_stays_whatever_its_siblings_allocate()
    {
        NativeMemoryBudget top = NativeAllocator.Malloc.WithBudget(new() { Name = "Top", Limit = 1000 });
        NativeMemoryBudget child = top.WithBudget(new() { Limit = 800, ReservedBytes = 600 });
        NativeMemoryBudget other = top.WithBudget(new());
        Assert.Equal((0L, 0L, 600L), (top.UsedBytes, top.PeakBytes, child.ReservedBytes));

        using NativeMemoryOwner<byte> beside = NativeMemoryOwner<byte>.Create(400, other);
        NativeMemoryRefusal refusal = Refused.By(() => NativeMemoryOwner<byte>.Create(1, other));
        Assert.Equal(("Top", 400L, 600L), (refusal.BudgetName, refusal.UsedBytes, refusal.SetAsideBytes));
        Assert.EndsWith("and 600 more are set aside for other budgets.", refusal.ToString(), StringComparison.Ordinal);

        NativeMemoryOwner<byte> mine = NativeMemoryOwner<byte>.Create(600, child);
        Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<byte>.Create(1, child));
        Assert.Equal((1000L, 1000L), (top.UsedBytes, top.PeakBytes));
        mine.Resize(100);
        Assert.Throws<OutOfMemoryException>(() => beside.Resize(401));

        child.Dispose();
        Assert.Equal((0L, 100L), (child.ReservedBytes, child.UsedBytes));
        beside.Resize(900);
        Assert.Throws<OutOfMemoryException>(() => beside.Resize(901));
        Assert.Throws<ObjectDisposedException>(() => NativeMemoryOwner<byte>.Create(1, child));
        Assert.Throws<ObjectDisposedException>(() => child.WithLimit(1));
        Assert.Throws<ObjectDisposedException>(() => child.TryReserve(1));
        child.Dispose();
        mine.Dispose();
        Assert.Equal((0L, 900L), (child.UsedBytes, top.UsedBytes));
    }

    [Fact]
    public void Room_is_set_aside_for_a_while()
    {
        NativeMemoryBudget top = NativeAllocator.Malloc.WithBudget(new() { Name = "Top", Limit = 1000 });
        using NativeMemoryBudget child = top.WithBudget(new() { Name = "Child", Limit = 700 });
        NativeMemoryReservation first = child.Reserve(300);
        NativeMemoryReservation second = child.TryReserve(400)!;
        Assert.Equal((300L, 400L, 700L), (first.ByteCount, second.ByteCount, child.ReservedBytes));
        Assert.Null(child.TryReserve(1));
        Assert.Equal("Child", Refused.By(() => child.Reserve(1)).BudgetName);
        Assert.Equal("Top", Refused.By(() => top.WithBudget(new() { ReservedBytes = 301 })).BudgetName);
        Assert.Throws<ArgumentOutOfRangeException>(() => child.TryReserve(-1));

        first.Dispose();
        first.Dispose();
        Assert.Equal(400, child.ReservedBytes);
        using NativeMemoryBudget third = top.WithBudget(new() { ReservedBytes = 600 });
        child.Dispose();
        second.Dispose();
        Assert.Equal((0L, 2L), (child.ReservedBytes, child.RefusedCount));
        using var all = NativeMemoryOwner<byte>.Create(400, top);
        Assert.Throws<OutOfMemoryException>(() => all.Resize(401));
    }

    [Fact]
    public void A_forgotten_budget_returns_its_reservation()
    {
        NativeMemoryBudget top = NativeAllocator.Malloc.WithBudget(new() { Limit = 1000 });
        Forget(top);
        Assert.True(Collector.Until(() => CanHave(top, 1000)));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget(NativeMemoryBudget top)
        {
            // In an array, so that no collection of another test takes them before they are forgotten.
            object?[] forgotten = [top.WithBudget(new() { ReservedBytes = 900 }), top.WithBudget(new()).TryReserve(100)];
            Assert.DoesNotContain(null, forgotten);
            Assert.Equal(900, Assert.IsType<NativeMemoryBudget>(forgotten[0]).ReservedBytes);
            Assert.False(CanHave(top, 1));
            GC.KeepAlive(forgotten);
        }

        static bool CanHave(NativeMemoryBudget top, int byteCount)
        {
            bool can = NativeBuffer.TryCreate<byte>(byteCount, out NativeBuffer<byte> buffer, top);
            buffer.Dispose();
            return can;
        }
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0001", Justification = "The test forgets the owner.")]
    public void Blocks_keep_their_budget_and_any_thread_gives_them_back_to_it()
    {
        NativeMemoryBudget top = NativeAllocator.Malloc.WithBudget(new() { Limit = 10_000 });
        NativeMemoryOwner<byte> owner = Make(top);
        Collector.Settle();
        Assert.Equal(1000, top.UsedBytes);
        var thread = new Thread(owner.Dispose);
        thread.Start();
        thread.Join();
        Assert.Equal(0, top.UsedBytes);

        MakeAndForget(top);
        Assert.True(Collector.Until(() => top.UsedBytes == 0));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static NativeMemoryOwner<byte> Make(NativeMemoryBudget top) => NativeMemoryOwner<byte>.Create(1000, top.WithLimit(1000));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void MakeAndForget(NativeMemoryBudget top) => Assert.Equal(1000, Make(top).Length);
    }

    [Fact]
    public void A_refusal_is_counted_by_the_metrics()
    {
        long before = DiagnosticEvent.BudgetRefusal.Count;
        Assert.False(NativeBuffer.TryCreate<byte>(2, out _, NativeAllocator.Malloc.WithLimit(1)));
        Assert.True(DiagnosticEvent.BudgetRefusal.Count > before);
    }

    [Fact]
    public void A_wrapper_between_hides_no_refusal()
    {
        NativeMemoryBudget low = NativeAllocator.Malloc.WithBudget(new() { Name = "Low", Limit = 1000 });
        NativeAllocator[] between =
        [
            low.WithTracking(),
            low.WithGuards(GuardMode.Checked),
            low.WithGuards(GuardMode.Pages),
            low.WithGuards(GuardMode.Sampled),
            low.WithGuards(GuardMode.Checked).WithTracking(),
            low.WithFaults(FaultPlan.FailNth(100)).WithTracking(),
            low.WithTracking().WithGuards(GuardMode.Sampled).WithLimit(10_000),
        ];
        foreach (NativeAllocator allocator in between)
        {
            Assert.Equal("Low", Refused.By(() => NativeMemoryOwner<byte>.Create(1001, allocator)).BudgetName);
            using var owner = NativeMemoryOwner<byte>.Create(1, allocator);
            Assert.StartsWith("The budget 'Low' refused ", Refused.By(() => owner.Resize(2000)).ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Below_a_disposed_budget_there_is_nothing_more()
    {
        NativeMemoryBudget top = NativeAllocator.Malloc.WithBudget(new() { Name = "Top", Limit = 1000 });
        NativeMemoryBudget low = top.WithBudget(new()).WithBudget(new() { Name = "Low" });
        using (var owner = NativeMemoryOwner<byte>.Create(10, low))
        {
            top.Dispose();
            Assert.Contains("'Top'", Assert.Throws<ObjectDisposedException>(() => NativeMemoryOwner<byte>.Create(1, low)).Message, StringComparison.Ordinal);
            Assert.Throws<ObjectDisposedException>(() => low.TryReserve(1));
            Assert.Throws<ObjectDisposedException>(() => owner.Resize(11));
            owner.Resize(9);
            Assert.Equal(9, top.UsedBytes);
        }

        Assert.Equal(0, low.UsedBytes);
    }

    [Fact]
    public void A_budget_may_wrap_and_be_wrapped()
    {
        NativeMemoryBudget low = NativeAllocator.Malloc.WithBudget(new() { Name = "Low", Limit = 1000 });
        var plan = FaultPlan.FailNth(2);
        NativeAllocator high = low.WithFaults(plan).WithLimit(10_000);
        using var owner = NativeMemoryOwner<byte>.Create(500, high);
        Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<byte>.Create(500, high));
        Assert.Equal("Low", Refused.By(() => NativeMemoryOwner<byte>.Create(501, high)).BudgetName);
        Assert.Equal((500L, 500L), (low.UsedBytes, ((NativeMemoryBudget)high).UsedBytes));
    }

    [Fact]
    public void A_growth_of_a_list_is_one_refusal_and_none_if_it_succeeds_with_less()
    {
        NativeMemoryBudget budget = NativeAllocator.Malloc.WithLimit(10_000);
        using var list = new NativeList<byte>(6_000, budget);
        list.Resize(6_000);
        list.Add(1);
        Assert.InRange(list.Capacity, 6_001, 10_000);
        Assert.Equal(0, budget.RefusedCount);
        NativeMemoryRefusal refusal = Refused.By(() => Fill(list));
        Assert.Equal((10_000L, 1L, 1L), (budget.UsedBytes, refusal.AskedBytes, budget.RefusedCount));
        Assert.Throws<OutOfMemoryException>(() => list.Add(1));
        Assert.Equal(2, budget.RefusedCount);

        static void Fill(NativeList<byte> list)
        {
            while (list.Count <= 10_000)
            {
                list.Add(1);
            }
        }
    }

    [Fact]
    public void A_guard_that_asks_again_counts_one_refusal()
    {
        NativeMemoryBudget budget = NativeAllocator.Malloc.WithLimit(1_000);
        Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<byte>.Create(2_000, budget.WithGuards(GuardMode.Checked)));
        Assert.Equal(1, budget.RefusedCount);
    }

    [Fact]
    public unsafe void A_guard_gives_its_freed_blocks_back_to_a_budget_also_where_the_budget_wraps_a_plan_of_faults()
    {
        NativeMemoryBudget budget = NativeAllocator.Malloc.WithFaults(FaultPlan.FailNth(100)).WithLimit(10_000);
        NativeAllocator guard = budget.WithGuards(GuardMode.Checked);
        guard.Free(guard.Allocate(6_000), 6_000);
        guard.Free(guard.Allocate(7_000), 7_000);
        Assert.Equal(0, budget.RefusedCount);
    }

    [Fact]
    public void A_refusal_inside_a_callback_counts_while_a_list_tries()
    {
        NativeMemoryBudget other = NativeAllocator.Malloc.WithLimit(1);
        NativeMemoryBudget budget = NativeAllocator.Malloc.WithBudget(
            new() { Limit = 1_000, OnRefusal = _ => NativeBuffer.TryCreate<byte>(2, out NativeBuffer<byte> _, other) });
        using var list = new NativeList<byte>(600, budget);
        list.Resize(600);
        list.Add(1);
        Assert.Equal(0, budget.RefusedCount);
        Assert.InRange(other.RefusedCount, 1, 10);
    }

    [Fact]
    public void Bytes_reserved_for_child_budgets_can_be_seen()
    {
        NativeMemoryBudget top = NativeAllocator.Malloc.WithLimit(1_000);
        using NativeMemoryBudget low = top.WithBudget(new() { ReservedBytes = 600 });
        using (NativeMemoryOwner<byte>.Create(200, low))
        {
            Assert.Equal((200L, 400L, 0L), (top.UsedBytes, top.SetAsideBytes, low.SetAsideBytes));
        }

        low.Dispose();
        Assert.Equal((0L, 0L), (top.UsedBytes, top.SetAsideBytes));
    }
}
