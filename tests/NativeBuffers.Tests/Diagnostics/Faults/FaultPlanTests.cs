namespace NativeBuffers.Tests.Diagnostics.Faults;

/// <summary>The allocations that a plan lets fail, and the plan's counts.</summary>
public class FaultPlanTests
{
    [Fact]
    public void The_nth_allocation_fails_and_no_other()
    {
        FaultPlan plan = FaultPlan.FailNth(3);
        Assert.Equal("..x..", Pattern(plan, 1, 1, 1, 1, 1));
        Assert.Equal((5L, 1L), (plan.AttemptCount, plan.FailureCount));
    }

    [Fact]
    public void From_the_nth_allocation_on_all_fail() => Assert.Equal("..xxx", Pattern(FaultPlan.FailFrom(3), 1, 1, 1, 1, 1));

    [Fact]
    public void Larger_allocations_fail() => Assert.Equal("..x.x", Pattern(FaultPlan.FailAbove(100), 0, 100, 101, 5, 4000));

    [Fact]
    public void Plans_are_combined()
    {
        FaultPlan second = FaultPlan.FailNth(2);
        Assert.Equal(".xx.", Pattern(second.Or(FaultPlan.FailAbove(100)), 1, 1, 101, 1));
        Assert.Equal((4L, 1L), (second.AttemptCount, second.FailureCount));
        Assert.Equal(".x..", Pattern(FaultPlan.FailFrom(2).And(FaultPlan.FailAbove(100)), 101, 101, 1, 1));
    }

    [Fact]
    public void A_fraction_fails_the_same_ones_for_the_same_seed()
    {
        string first = Pattern(FaultPlan.FailFraction(0.25, seed: 7), new int[2000]);
        Assert.Equal(first, Pattern(FaultPlan.FailFraction(0.25, seed: 7), new int[2000]));
        Assert.NotEqual(first, Pattern(FaultPlan.FailFraction(0.25, seed: 8), new int[2000]));
        Assert.InRange(first.Count('x'), 400, 600);
        Assert.Equal(0, Pattern(FaultPlan.FailFraction(0, 1), new int[100]).Count('x'));
        Assert.Equal(100, Pattern(FaultPlan.FailFraction(1, 1), new int[100]).Count('x'));
    }

    [Fact]
    public void Only_a_resize_that_needs_memory_counts()
    {
        FaultPlan plan = FaultPlan.FailNth(3);
        using var owner = NativeMemoryOwner<byte>.Create(100, NativeAllocator.Malloc.WithFaults(plan));
        owner.Resize(50);
        owner.Resize(200);
        owner.Resize(10);
        string message = Assert.Throws<OutOfMemoryException>(() => owner.Resize(300)).Message;
        Assert.Equal("Faulty(Malloc) could not allocate 300 bytes: its fault plan says that this request fails.", message);
        Assert.Equal((3L, 1L, 10L), (plan.AttemptCount, plan.FailureCount, owner.Length));
        owner.Resize(300);
    }

    [Fact]
    public void A_refusal_of_the_wrapped_allocator_is_not_injected()
    {
        using var owner = NativeMemoryOwner<byte>.Create(1, NativeAllocator.Malloc.WithFaults(FaultPlan.FailNth(100)));
        string message = Assert.Throws<OutOfMemoryException>(() => owner.Resize(nint.MaxValue - 5000)).Message;
        Assert.DoesNotContain("plan", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_plans_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => FaultPlan.FailNth(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => FaultPlan.FailFrom(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => FaultPlan.FailAbove(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => FaultPlan.FailFraction(-0.1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => FaultPlan.FailFraction(1.1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => FaultPlan.FailFraction(double.NaN, 0));
        Assert.Throws<ArgumentNullException>(() => FaultPlan.FailNth(1).Or(null!));
        Assert.Throws<ArgumentNullException>(() => FaultPlan.FailNth(1).And(null!));
        Assert.Throws<ArgumentNullException>(() => NativeAllocator.Malloc.WithFaults(null!));
    }

    [Fact]
    public void Several_threads_count_together_and_one_of_them_meets_the_failure()
    {
        FaultPlan plan = FaultPlan.FailNth(5000);
        NativeAllocator allocator = NativeAllocator.Malloc.WithFaults(plan);
        int failures = 0;
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < 2500; i++)
            {
                bool isMade = NativeBuffer.TryCreate<byte>(10, out NativeBuffer<byte> buffer, allocator);
                buffer.Dispose();
                _ = isMade ? 0 : Interlocked.Increment(ref failures);
            }
        }))];
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
        Assert.Equal((10_000L, 1L, 1), (plan.AttemptCount, plan.FailureCount, failures));
    }

    private static string Pattern(FaultPlan plan, params int[] sizes)
    {
        NativeAllocator allocator = NativeAllocator.Default.WithFaults(plan);
        return string.Concat(sizes.Select(size =>
        {
            bool isMade = NativeBuffer.TryCreate<byte>(size, out NativeBuffer<byte> buffer, allocator);
            buffer.Dispose();
            return isMade ? '.' : 'x';
        }));
    }
}
