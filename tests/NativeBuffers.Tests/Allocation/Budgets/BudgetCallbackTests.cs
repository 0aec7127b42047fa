namespace NativeBuffers.Tests.Allocation.Budgets;

/// <summary>The callbacks that a budget calls before it refuses.</summary>
public class BudgetCallbackTests
{
    [Fact]
    public void Bytes_that_a_callback_frees_can_be_allocated()
    {
        NativeMemoryOwner<byte>? cached = null;
        NativeMemoryRefusal? seen = null;
        NativeMemoryBudget top = NativeAllocator.Malloc.WithBudget(
            new()
            {
                Name = "Top",
                Limit = 1000,
                OnRefusal = refusal =>
                {
                    seen = refusal;
                    cached!.Dispose();
                    return true;
                },
            });
        cached = NativeMemoryOwner<byte>.Create(800, top);
        using (var owner = NativeMemoryOwner<byte>.Create(700, top.WithLimit(700)))
        {
            owner.Resize(300);
            Assert.Equal((300L, 800L, 0L), (top.UsedBytes, top.PeakBytes, top.RefusedCount));
            Assert.Equal(("Top", 800L, 700L), (seen!.BudgetName, seen.UsedBytes, seen.AskedBytes));
            cached = NativeMemoryOwner<byte>.Create(700, top);
            owner.Resize(301);
            Assert.True(cached.IsDisposed);
        }

        Assert.Equal(0, top.UsedBytes);
    }

    [Fact]
    public void A_callback_is_asked_again_as_long_as_it_frees_something()
    {
        var cached = new Stack<NativeMemoryOwner<byte>>();
        int calls = 0;
        NativeMemoryBudget budget = NativeAllocator.Malloc.WithBudget(
            new()
            {
                Limit = 1000,
                OnRefusal = _ =>
                {
                    calls++;
                    if (cached.TryPop(out NativeMemoryOwner<byte>? last))
                    {
                        last.Dispose();
                    }

                    return true;
                },
            });
        for (int i = 0; i < 10; i++)
        {
            cached.Push(NativeMemoryOwner<byte>.Create(100, budget));
        }

        using (NativeMemoryOwner<byte>.Create(350, budget))
        {
            Assert.Equal((4, 6), (calls, cached.Count));
            Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<byte>.Create(651, budget));
            Assert.Equal((11, 0, 1L), (calls, cached.Count, budget.RefusedCount));
        }
    }

    [Fact]
    public void A_callback_is_asked_thousands_of_times_if_need_be()
    {
        var cached = new Stack<NativeMemoryOwner<byte>>();
        int calls = 0;
        NativeMemoryBudget budget = NativeAllocator.Malloc.WithBudget(
            new()
            {
                Limit = 50_000,
                OnRefusal = _ =>
                {
                    calls++;
                    cached.Pop().Dispose();
                    return true;
                },
            });
        for (int i = 0; i < 5000; i++)
        {
            cached.Push(NativeMemoryOwner<byte>.Create(10, budget));
        }

        using (NativeMemoryOwner<byte>.Create(40_000, budget))
        {
            Assert.Equal((4000, 1000, 0L), (calls, cached.Count, budget.RefusedCount));
        }

        while (cached.TryPop(out NativeMemoryOwner<byte>? rest))
        {
            rest.Dispose();
        }
    }

    [Fact]
    public void A_callback_that_disposes_its_budget_gets_no_more_of_it()
    {
        NativeMemoryBudget? budget = null;
        NativeMemoryOwner<byte>? cached = null;
        budget = NativeAllocator.Malloc.WithBudget(
            new()
            {
                Limit = 1000,
                OnRefusal = _ =>
                {
                    budget!.Dispose();
                    cached!.Dispose();
                    return true;
                },
            });
        cached = NativeMemoryOwner<byte>.Create(1000, budget);
        Assert.Throws<ObjectDisposedException>(() => NativeMemoryOwner<byte>.Create(1, budget));
        Assert.Equal(0, budget.UsedBytes);
    }

    [Fact]
    public void A_reservation_calls_no_callback()
    {
        int calls = 0;
        NativeMemoryBudget top = NativeAllocator.Malloc.WithBudget(
            new()
            {
                Limit = 1000,
                OnRefusal = _ => ++calls > 0,
            });
        Assert.Null(top.WithBudget(new()).TryReserve(1001));
        Assert.Equal(0, calls);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_callback_that_lies_or_declines_is_asked_once(bool answer)
    {
        int calls = 0;
        NativeMemoryBudget budget = NativeAllocator.Malloc.WithBudget(
            new()
            {
                Limit = 1000,
                OnRefusal = _ =>
                {
                    calls++;
                    return answer;
                },
            });
        Assert.False(NativeBuffer.TryCreate<byte>(1001, out _, budget));
        Assert.Equal((1, 1L), (calls, budget.RefusedCount));
    }

    [Fact]
    public void A_callback_that_frees_and_takes_again_is_not_asked_for_ever()
    {
        NativeMemoryBudget? budget = null;
        int calls = 0;
        budget = NativeAllocator.Malloc.WithBudget(
            new()
            {
                Limit = 1000,
                OnRefusal = _ =>
                {
                    calls++;
                    NativeMemoryOwner<byte>.Create(10, budget).Dispose();
                    return true;
                },
            });
        Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<byte>.Create(1001, budget));
        Assert.InRange(calls, 1, 1000);
        Assert.Equal(0, budget.UsedBytes);
    }

    [Fact]
    public void A_callback_may_use_the_tree_and_is_not_asked_about_that()
    {
        NativeMemoryBudget? budget = null;
        int calls = 0;
        NativeMemoryOwner<byte>? cached = null;
        budget = NativeAllocator.Malloc.WithBudget(
            new()
            {
                Limit = 1000,
                OnRefusal = _ =>
                {
                    calls++;
                    NativeMemoryBudget child = budget!.WithBudget(new() { Limit = 50 });
                    Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<byte>.Create(51, child));
                    Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<byte>.Create(2000, budget));
                    using (NativeMemoryOwner<byte>.Create(50, child))
                    {
                        cached!.Dispose();
                    }

                    return true;
                },
            });
        cached = NativeMemoryOwner<byte>.Create(900, budget);
        using var list = new NativeList<byte>(200, budget);
        Assert.Equal((1, 200L, 1L), (calls, budget.UsedBytes, budget.RefusedCount));
    }

    [Fact]
    public void A_callbacks_exception_comes_out_and_nothing_is_charged()
    {
        NativeMemoryBudget budget = NativeAllocator.Malloc.WithBudget(
            new() { Limit = 1000, OnRefusal = static _ => throw new InvalidTimeZoneException() });
        Assert.Throws<InvalidTimeZoneException>(() => NativeMemoryOwner<byte>.Create(1001, budget));
        using var owner = NativeMemoryOwner<byte>.Create(10, budget);
        Assert.Throws<InvalidTimeZoneException>(() => owner.Resize(1001));
        Assert.Throws<InvalidTimeZoneException>(() => owner.Resize(1001));
        Assert.Equal((10L, 10L), (owner.Length, budget.UsedBytes));
    }

    [Fact]
    public void A_pool_can_give_way()
    {
        NativeMemoryPool<byte>? pool = null;
        NativeMemoryBudget budget = NativeAllocator.Malloc.WithBudget(
            new()
            {
                Limit = 100_000,
                OnRefusal = _ =>
                {
                    pool!.Trim();
                    return true;
                },
            });
        pool = new NativeMemoryPool<byte>(new NativePoolOptions { Allocator = budget });
        using (pool)
        {
            pool.RentBuffer(60_000).Dispose();
            Assert.InRange(budget.UsedBytes, 60_000, 100_000);
            using (NativeMemoryOwner<byte>.Create(90_000, budget))
            {
                Assert.Equal(90_000, budget.UsedBytes);
                Assert.Throws<OutOfMemoryException>(() => pool.RentBuffer(60_000).Dispose());
            }
        }

        Assert.Equal(0, budget.UsedBytes);
    }
}
