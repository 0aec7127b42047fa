using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>The rule by which allocations fail on purpose: see <see cref="NativeAllocatorFaults.extension(NativeAllocator).WithFaults"/>.</summary>
/// <remarks>
/// A plan is asked for each allocation and for each growth, and counts them. All members may be used from any thread. On one thread,
/// the same plan fails the same allocations each time.
/// </remarks>
/// <example>
/// <code>
/// FaultPlan plan = FaultPlan.FailNth(3);
/// using var list = new NativeList&lt;int&gt;(0, NativeAllocator.Default.WithFaults(plan));
/// </code>
/// </example>
public abstract class FaultPlan
{
    private readonly UninterruptedLock _lock = new();
    private long _attempts;
    private long _failures;

    private protected FaultPlan()
    {
    }

    /// <summary>The number of allocations that the plan was asked about.</summary>
    public long AttemptCount => Read(ref _attempts);

    /// <summary>The number of those that failed.</summary>
    public long FailureCount => Read(ref _failures);

    /// <summary>One allocation fails, and those before and after it do not.</summary>
    /// <param name="number">The number of the allocation that fails, from 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="number"/> is less than 1.</exception>
    public static FaultPlan FailNth(long number)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        return new Rule((attempt, _) => attempt == number);
    }

    /// <summary>All allocations from a number on fail: memory is exhausted, and stays so.</summary>
    /// <param name="number">The first one that fails, from 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="number"/> is less than 1.</exception>
    public static FaultPlan FailFrom(long number)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        return new Rule((attempt, _) => attempt >= number);
    }

    /// <summary>Random allocations fail: the same ones for the same seed.</summary>
    /// <param name="fraction">The average share of failures, from 0 (none) to 1 (all).</param>
    /// <param name="seed">Any number.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="fraction"/> is not from 0 to 1.</exception>
    public static FaultPlan FailFraction(double fraction, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fraction);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(fraction, 1);
        ArgumentOutOfRangeException.ThrowIfEqual(fraction, double.NaN);
        var random = new Random(seed);
        return new Rule((_, _) => random.NextDouble() < fraction);
    }

    /// <summary>Allocations above a size fail.</summary>
    /// <param name="byteCount">The largest size that does not fail, in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="byteCount"/> is negative.</exception>
    public static FaultPlan FailAbove(long byteCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteCount);
        return new Rule((_, asked) => asked > (nuint)byteCount);
    }

    /// <summary>An allocation fails if this plan or another plan says so. Both are asked, and count.</summary>
    /// <param name="other">The other plan.</param>
    /// <exception cref="ArgumentNullException"><paramref name="other"/> is null.</exception>
    public FaultPlan Or(FaultPlan other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new Rule((_, asked) => FailsNow(asked) | other.FailsNow(asked));
    }

    /// <summary>An allocation fails if this plan and another plan say so. Both are asked, and count.</summary>
    /// <inheritdoc cref="Or" path="/param|/exception"/>
    public FaultPlan And(FaultPlan other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new Rule((_, asked) => FailsNow(asked) & other.FailsNow(asked));
    }

    /// <summary>Counts an allocation; true if it must fail.</summary>
    internal bool FailsNow(nuint byteCount)
    {
        using (_lock.Enter())
        {
            bool fails = Fails(++_attempts, byteCount);
            _failures += fails ? 1 : 0;
            return fails;
        }
    }

    /// <summary>Whether an allocation must fail. Called under the lock.</summary>
    /// <param name="attempt">Its number, from 1.</param>
    /// <param name="byteCount">Its size, in bytes.</param>
    private protected abstract bool Fails(long attempt, nuint byteCount);

    private long Read(ref long count)
    {
        using (_lock.Enter())
        {
            return count;
        }
    }

    /// <summary>A plan by a function of the number of an allocation, from 1, and of its size in bytes.</summary>
    private sealed class Rule(Func<long, nuint, bool> fails) : FaultPlan
    {
        private protected override bool Fails(long attempt, nuint byteCount) => fails(attempt, byteCount);
    }
}
