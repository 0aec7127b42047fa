using System.Runtime.CompilerServices;
using NativeBuffers.Allocation.Budgets;

namespace NativeBuffers.Tests.Allocation.Budgets;

/// <summary>The credit of threads in a budget: it counts as no use, and each request that fits gets it.</summary>
[CorrectProgram]
public class BudgetCreditTests
{
    private const int MiB = 1 << 20;

    /// <summary>More requests than a budget serves before it gives credit.</summary>
    private const int Many = 40;

    public static TheoryData<string> Sources => ["default", "malloc"];

    [Theory]
    [MemberData(nameof(Sources))]
    public void Use_and_peak_of_one_thread_are_exact_on_all_levels(string source)
    {
        NativeMemoryBudget top = Over(source, 64 * MiB);
        NativeMemoryBudget low = top.WithLimit(32 * MiB).WithLimit(16 * MiB);
        NativeMemoryBudget[] levels = [top, low.Parent!, low];
        for (int i = 1; i <= 1_000; i++)
        {
            int byteCount = i * 7 % 5_000;
            using NativeBuffer<byte> buffer = NativeBuffer.Create<byte>(byteCount, low);
            Assert.All(levels, level => Assert.Equal(byteCount, level.UsedBytes));
        }

        using (NativeBuffer.Create<byte>(3_000, low))
        using (NativeBuffer.Create<byte>(2_000, low))
        {
            Assert.All(levels, static level => Assert.Equal(5_000, level.UsedBytes));
        }

        Assert.All(levels, static level => Assert.Equal((0L, 5_000L, 0L), (level.UsedBytes, level.PeakBytes, level.RefusedCount)));
    }

    [Fact]
    public void An_owner_that_became_empty_keeps_its_budget()
    {
        NativeMemoryBudget budget = Over("default", MiB);
        Use(budget);
        NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.Create(100, budget);
        NativeMemoryOwner<byte> released = NativeMemoryOwner<byte>.Create(100, budget);
        owner.Resize(0);
        released.Resize(0);
        Assert.Equal(0, budget.UsedBytes);
        Collector.Settle();
        owner.Resize(5_000);
        Assert.Equal(5_000, budget.UsedBytes);
        owner.Resize(0);
        budget.Dispose();
        Collector.Settle();
        Assert.Throws<ObjectDisposedException>(() => owner.Resize(1));
        owner.Dispose();
        unsafe
        {
            // SAFETY: the block is the owner's until the release, and has no bytes.
            budget.Free(released.Release(), 0);
        }

        Assert.Equal(0, budget.UsedBytes);
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void The_last_byte_is_granted_and_not_one_byte_above_it(string source)
    {
        NativeMemoryBudget budget = Over(source, 200_000);
        var owners = new List<NativeMemoryOwner<byte>>();
        Use(budget);
        for (int i = 0; i < 200; i++)
        {
            owners.Add(NativeMemoryOwner<byte>.Create(1_000, budget));
        }

        NativeMemoryRefusal refusal = Refused.By(() => NativeMemoryOwner<byte>.Create(1, budget));
        Assert.Equal((200_000L, 0L, 1L, 200_000L), (refusal.UsedBytes, refusal.SetAsideBytes, budget.RefusedCount, budget.PeakBytes));
        owners[7].Dispose();
        using (NativeMemoryOwner<byte>.Create(1_000, budget))
        {
            Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<byte>.Create(1, budget));
        }

        owners.ForEach(static owner => owner.Dispose());
        Assert.Equal(0, budget.UsedBytes);
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void Room_in_the_credit_of_other_threads_is_room(string source)
    {
        NativeMemoryBudget top = Over(source, 4 * MiB);
        NativeMemoryBudget left = top.WithLimit(4 * MiB);
        NativeMemoryBudget right = top.WithLimit(4 * MiB);
        WithCreditOf(
            [left, right, top],
            () =>
            {
                Assert.Equal((0L, 0L), (top.UsedBytes, top.RefusedCount));
                foreach (NativeMemoryBudget budget in (NativeMemoryBudget[])[left, right, top])
                {
                    using var all = NativeMemoryOwner<byte>.Create(4 * MiB, budget);
                    NativeMemoryRefusal refusal = Refused.By(() => NativeMemoryOwner<byte>.Create(1, top));
                    Assert.Equal((4L * MiB, 0L), (refusal.UsedBytes, refusal.SetAsideBytes));
                }
            });
        Assert.Equal((0L, 4L * MiB), (top.UsedBytes, top.PeakBytes));
    }

    [Fact]
    public void Room_in_the_credit_of_other_threads_can_be_reserved()
    {
        NativeMemoryBudget top = NativeAllocator.Default.WithLimit(4 * MiB);
        NativeMemoryBudget left = top.WithLimit(4 * MiB);
        NativeMemoryBudget right = top.WithLimit(4 * MiB);
        WithCreditOf(
            [left],
            () =>
            {
                using (NativeMemoryReservation all = right.Reserve(4 * MiB))
                {
                    Assert.Equal(4L * MiB, top.SetAsideBytes);
                    Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<byte>.Create(1, left));
                }

                Assert.Equal(0, top.SetAsideBytes);
            });
    }

    [Fact]
    public void Credit_is_no_part_of_the_bytes_set_aside()
    {
        NativeMemoryBudget top = NativeAllocator.Default.WithLimit(64 * MiB);
        using NativeMemoryBudget child = top.WithBudget(new() { ReservedBytes = 100_000 });
        WithCreditOf([child], () => Assert.Equal((0L, 100_000L, 100_000L), (top.UsedBytes, top.SetAsideBytes, child.ReservedBytes)));
    }

    [Fact]
    public void The_credit_of_ended_threads_comes_back()
    {
        NativeMemoryBudget budget = NativeAllocator.Default.WithLimit(2 * MiB);
        for (int i = 0; i < 100; i++)
        {
            OtherThread.Run(() => Use(budget));
        }

        Assert.Equal(0, budget.UsedBytes);
        using (NativeMemoryOwner<byte>.Create(2 * MiB, budget))
        {
            Assert.Equal(0, budget.RefusedCount);
        }

        Collector.Settle();
        Use(budget);
        Assert.Equal(0, budget.UsedBytes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_thread_gets_nothing_from_its_credit_in_a_disposed_budget(bool isParent)
    {
        NativeMemoryBudget top = NativeAllocator.Default.WithLimit(64 * MiB);
        NativeMemoryBudget low = top.WithLimit(32 * MiB);
        NativeMemoryOwner<byte> kept = NativeMemoryOwner<byte>.Create(10, low);
        WithCreditOf(
            [low],
            static () => { },
            between: () => (isParent ? top : low).Dispose(),
            after: () => Assert.Throws<ObjectDisposedException>(() => NativeBuffer.Create<byte>(100, low).Dispose()));
        Assert.Equal((10L, 10L), (low.UsedBytes, top.UsedBytes));
        OtherThread.Run(kept.Dispose);
        Assert.Equal((0L, 0L), (low.UsedBytes, top.UsedBytes));
    }

    [Fact]
    public void A_number_serves_the_next_budget_when_no_block_of_the_last_one_is_left()
    {
        NativeMemoryBudget first = NativeAllocator.Default.WithLimit(MiB);
        Use(first);
        int number = first.ChargedNumber;
        Assert.SkipWhen(number == 0, "A process with guards or tracking serves no budget from its caches.");
        NativeMemoryOwner<byte> kept = NativeMemoryOwner<byte>.Create(100, first);
        first.Dispose();
        for (int i = 0; i < 20; i++)
        {
            NativeMemoryBudget next = NativeAllocator.Default.WithLimit(MiB);
            Use(next);
            Assert.NotEqual(number, next.ChargedNumber);
            using (NativeBuffer.Create<byte>(1_000, next))
            {
                Assert.Equal((1_000L, 100L), (next.UsedBytes, first.UsedBytes));
            }

            Assert.Equal(0, next.UsedBytes);
            next.Dispose();
        }

        kept.Dispose();
        Assert.Equal((0L, null), (first.UsedBytes, BudgetNumbers.Of(number)));
    }

    [Fact]
    public void A_forgotten_budget_leaves_its_number_and_its_credit()
    {
        NativeMemoryBudget top = NativeAllocator.Default.WithLimit(64 * MiB);
        WeakReference[] budgets = [.. Enumerable.Range(0, 20).Select(_ => Forget(top))];
        Assert.True(Collector.Until(() =>
        {
            BudgetNumbers.Sweep();
            return budgets.All(static budget => !budget.IsAlive);
        }));
        Assert.Equal(0, top.UsedBytes);
        using var all = NativeMemoryOwner<byte>.Create(64 * MiB, top);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Forget(NativeMemoryBudget top)
        {
            NativeMemoryBudget budget = top.WithLimit(64 * MiB);
            Use(budget);
            return new WeakReference(budget);
        }
    }

    [Fact]
    public void A_block_keeps_its_budget()
    {
        NativeMemoryBudget top = NativeAllocator.Default.WithLimit(64 * MiB);
        NativeMemoryOwner<byte> owner = Make(top);
        Collector.Settle();
        BudgetNumbers.Sweep();
        Collector.Settle();
        owner.Resize(10_000);
        Assert.Equal(10_000, top.UsedBytes);
        Assert.Throws<OutOfMemoryException>(() => owner.Resize(MiB + 1));
        owner.Dispose();
        Assert.Equal(0, top.UsedBytes);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static NativeMemoryOwner<byte> Make(NativeMemoryBudget top)
        {
            NativeMemoryBudget kept = top.WithBudget(new() { Limit = MiB, ReservedBytes = 1_000 });
            Use(kept);
            return NativeMemoryOwner<byte>.Create(1_000, kept);
        }
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void Blocks_are_resized_released_and_freed_elsewhere_at_their_requested_size(string source)
    {
        NativeMemoryBudget budget = Over(source, 64 * MiB);
        Use(budget);
        NativeBuffer<byte> buffer = NativeBuffer.Create<byte>(100, budget);
        buffer.Fill(7);
        foreach (int length in (int[])[101, 90, 5_000, 300_000, MiB, 200, 0, 1])
        {
            buffer.Resize(length);
            Assert.Equal(length, budget.UsedBytes);
        }

        NativeMemoryOwner<byte> owner = buffer.ToOwner();
        owner.Resize(70);
        unsafe
        {
            byte* block = owner.Release();
            Assert.Equal(70, budget.UsedBytes);
            budget.Free(block, 70);
        }

        Assert.Equal(0, budget.UsedBytes);
        using var list = new NativeList<int>(10, budget);
        list.Add(1);
        using NativeArena arena = NativeArena.Create(1_000, budget);
        _ = arena.Allocate<byte>(10_000);
        long used = budget.UsedBytes;
        NativeMemoryOwner<byte> here = NativeMemoryOwner<byte>.Create(1_234, budget);
        OtherThread.Run(() =>
        {
            here.Dispose();
            Assert.Equal(used, budget.UsedBytes);
            Use(budget);
        });
        Assert.Equal(used, budget.UsedBytes);
    }

    [Fact]
    public void A_callback_that_frees_to_its_own_credit_has_made_room()
    {
        var cached = new Stack<NativeMemoryOwner<byte>>();
        NativeMemoryBudget budget = NativeAllocator.Default.WithBudget(
            new()
            {
                Limit = 10 * MiB,
                OnRefusal = _ =>
                {
                    cached.Pop().Dispose();
                    return true;
                },
            });
        for (int i = 0; i < 100; i++)
        {
            cached.Push(NativeMemoryOwner<byte>.Create(100_000, budget));
        }

        using (NativeMemoryOwner<byte>.Create(5 * MiB, budget))
        {
            Assert.InRange(cached.Count, 50, 53);
            Assert.Equal(0, budget.RefusedCount);
        }

        while (cached.TryPop(out NativeMemoryOwner<byte>? rest))
        {
            rest.Dispose();
        }
    }

    private static NativeMemoryBudget Over(string source, long limit) =>
        (source == "default" ? NativeAllocator.Default : NativeAllocator.Malloc).WithLimit(limit);

    /// <summary>Asks often enough that the thread has credit.</summary>
    private static void Use(NativeMemoryBudget budget)
    {
        for (int i = 0; i < Many; i++)
        {
            NativeBuffer.Create<byte>(100, budget).Dispose();
        }
    }

    /// <summary>Runs the body while other threads that live have credit; then runs more on this thread, and last on one of those.</summary>
    private static void WithCreditOf(NativeMemoryBudget[] budgets, Action body, Action? between = null, Action? after = null)
    {
        using var ready = new CountdownEvent(3);
        using var over = new ManualResetEventSlim();
        OtherThread.Together(
            [
                () =>
                {
                    ready.Wait();
                    try
                    {
                        body();
                        between?.Invoke();
                    }
                    finally
                    {
                        over.Set();
                    }
                },
                .. Enumerable.Range(0, 3).Select(
                    number => (Action)(() =>
                    {
                        Array.ForEach(budgets, Use);
                        ready.Signal();
                        over.Wait();
                        if (number == 0)
                        {
                            after?.Invoke();
                        }
                    })),
            ]);
    }
}
