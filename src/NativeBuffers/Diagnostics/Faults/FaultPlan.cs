using NativeBuffers.Diagnostics.Faults;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>When allocations fail on purpose: see <see cref="NativeAllocatorFaults.extension(NativeAllocator).WithFaults"/>.</summary>
/// <remarks>
/// A plan is asked for each block, and for each growth of one, and counts. All members may be used from any thread; in one thread,
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
    private readonly UninterruptedLock _gate = new();
    private long _attempts;
    private long _failures;

    private protected FaultPlan()
    {
    }

    /// <summary>How many allocations it was asked about.</summary>
    public long AttemptCount => Read(ref _attempts);

    /// <summary>How many of them failed.</summary>
    public long FailureCount => Read(ref _failures);

    /// <summary>One allocation fails, and those before and behind it do not.</summary>
    /// <param name="number">Which one, from 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="number"/> is less than 1.</exception>
    public static FaultPlan FailNth(long number)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        return new ChosenFaults((attempt, _) => attempt == number);
    }

    /// <summary>From some allocation on, all fail: memory is exhausted, and stays so.</summary>
    /// <param name="number">The first one that fails, from 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="number"/> is less than 1.</exception>
    public static FaultPlan FailFrom(long number)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        return new ChosenFaults((attempt, _) => attempt >= number);
    }

    /// <summary>Some allocations fail, by chance: the same ones for the same seed.</summary>
    /// <param name="fraction">How many of them, on average: from 0, none, to 1, all.</param>
    /// <param name="seed">Any number.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="fraction"/> is not from 0 to 1.</exception>
    public static FaultPlan FailFraction(double fraction, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fraction);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(fraction, 1);
        ArgumentOutOfRangeException.ThrowIfEqual(fraction, double.NaN);
        var random = new Random(seed);
        return new ChosenFaults((_, _) => random.NextDouble() < fraction);
    }

    /// <summary>Allocations above a size fail.</summary>
    /// <param name="byteCount">The largest size that does not, in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="byteCount"/> is negative.</exception>
    public static FaultPlan FailAbove(long byteCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteCount);
        return new ChosenFaults((_, asked) => asked > (nuint)byteCount);
    }

    /// <summary>An allocation fails if this plan or another one says so. Both are asked, and count.</summary>
    /// <param name="other">The other one.</param>
    /// <exception cref="ArgumentNullException"><paramref name="other"/> is null.</exception>
    public FaultPlan Or(FaultPlan other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new ChosenFaults((_, asked) => FailsNow(asked) | other.FailsNow(asked));
    }

    /// <summary>An allocation fails if this plan and another one say so. Both are asked, and count.</summary>
    /// <inheritdoc cref="Or" path="/param|/exception"/>
    public FaultPlan And(FaultPlan other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new ChosenFaults((_, asked) => FailsNow(asked) & other.FailsNow(asked));
    }

    /// <summary>Whether an allocation that is asked for now is to fail. Counts it.</summary>
    internal bool FailsNow(nuint byteCount)
    {
        using (_gate.Enter())
        {
            bool fails = Fails(++_attempts, byteCount);
            _failures += fails ? 1 : 0;
            return fails;
        }
    }

    /// <summary>Whether an allocation is to fail. One at a time.</summary>
    /// <param name="attempt">Its number, from 1.</param>
    /// <param name="byteCount">Its size, in bytes.</param>
    private protected abstract bool Fails(long attempt, nuint byteCount);

    private long Read(ref long count)
    {
        using (_gate.Enter())
        {
            return count;
        }
    }
}
