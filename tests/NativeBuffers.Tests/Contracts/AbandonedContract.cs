using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Tests.Contracts;

/// <summary>Owners that no code can reach any more are freed by their finalizers, and counted. A kind of owner joins with one class.</summary>
/// <remarks>A derived class creates its owners in methods that are not inlined, so that no local variable keeps one reachable.</remarks>
[CorrectProgram]
public abstract class AbandonedContract
{
    /// <summary>Uses an owner, each in another way, and forgets it; each returns a function that tells whether the memory was freed.</summary>
    protected abstract IReadOnlyDictionary<string, Func<Func<bool>>> Ways { get; }

    [Fact]
    public void A_forgotten_owner_is_freed_and_counted()
    {
        // All ways together: a full collection takes as long for one owner as for all.
        Collector.Settle();
        long before = NativeMemoryTracker.AbandonedCount;
        (string Way, Func<bool> IsFreed)[] forgotten = [.. from way in Ways from _ in Enumerable.Range(0, 10) select (way.Key, way.Value())];
        _ = Collector.Until(() => forgotten.All(static each => each.IsFreed()));
        Assert.Empty(forgotten.Where(static each => !each.IsFreed()).Select(static each => each.Way).Distinct());
        _ = Collector.Until(() => NativeMemoryTracker.AbandonedCount >= before + forgotten.Length);
        Collector.Settle();
        Assert.Equal(before + forgotten.Length, NativeMemoryTracker.AbandonedCount);
    }

    [Fact]
    public void Forgotten_owners_of_the_default_source_are_counted_once()
    {
        // All lengths together, as above. Each length another number of times: so one that is counted twice does not hide one that is not.
        Collector.Settle();
        long before = NativeMemoryTracker.AbandonedCount;
        int count = Enumerable.Range(0, 11).Sum(_ => ForgetDefault(10))
            + Enumerable.Range(0, 7).Sum(_ => ForgetDefault(100_000))
            + Enumerable.Range(0, 5).Sum(_ => ForgetDefault(9_000_000));
        Assert.True(Collector.Until(() => NativeMemoryTracker.AbandonedCount >= before + count));
        Collector.Settle();
        Assert.Equal(before + count, NativeMemoryTracker.AbandonedCount);
    }

    [Fact]
    public void An_owner_that_was_disposed_released_or_moved_is_not_counted()
    {
        Collector.Settle();
        long before = NativeMemoryTracker.AbandonedCount;
        var allocator = new RecordingAllocator();
        for (int i = 0; i < 10; i++)
        {
            UseWell(allocator);
            UseWell(null);
        }

        Collector.Settle();
        allocator.AssertAllFreed();
        Assert.Equal(before, NativeMemoryTracker.AbandonedCount);
    }

    [Fact]
    public void A_forgotten_owner_that_is_borrowed_is_freed_when_the_borrow_ends()
    {
        Func<bool> isFreed;
        using (Borrow<int> borrow = BorrowOfForgotten(out isFreed))
        {
            Collector.Settle();
            Assert.False(isFreed());
            Assert.Equal(-1, borrow.Span.IndexOfAnyExcept(7));
            borrow.Span.Fill(8);
        }

        Assert.True(Collector.Until(isFreed));
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0001", Justification = "The test forgets the owner.")]
    public void A_forgotten_owner_with_a_forgotten_borrow_is_freed_only_after_the_borrowing_thread_has_ended()
    {
        Func<bool>? isFreed = null;
        OtherThread.Run(
            () =>
            {
                Borrow<int> borrow = BorrowOfForgotten(out isFreed);
                Collector.Settle();
                Assert.False(isFreed());
                Assert.Equal(-1, borrow.Span.IndexOfAnyExcept(7));
            });
        Assert.True(Collector.Until(isFreed!));
    }

    /// <summary>Creates owners over the default allocator, and forgets them.</summary>
    /// <returns>How many.</returns>
    protected abstract int ForgetDefault(int length);

    /// <summary>Creates owners and ends each in a right way.</summary>
    protected abstract void UseWell(NativeAllocator? allocator);

    /// <summary>A borrow of an owner that is forgotten and whose elements are all 7.</summary>
    protected abstract Borrow<int> BorrowOfForgotten(out Func<bool> isFreed);
}
