namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>Notes what a flow allocates, and finds fault with what is not given back.</summary>
internal sealed class LeakScope : FlowWatch, IDisposable
{
    /// <summary>A guardian acts when it meets the same loan for the second time.</summary>
    private const int Collections = 3;

    private readonly ScopeLedger _ledger = new();
    private int _hasEnded;

    /// <summary>Ends the scope, and throws if anything was lost in it. Once only.</summary>
    /// <exception cref="NativeMemoryLeakException">Something was.</exception>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _hasEnded, 1) != 0)
        {
            return;
        }

        End();
        if (_ledger.Registry.Count == 0 && _ledger.Abandoned is [])
        {
            return;
        }

        // A finalizer of the program's own may dispose of an owner. What a guardian frees was forgotten, and stays a leak.
        for (int i = 0; i < Collections; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        IReadOnlyList<NativeMemoryLeak> leaks =
        [
            .. NativeMemoryLeak.From(_ledger.Registry.Copy(), isAbandoned: false),
            .. NativeMemoryLeak.From(_ledger.Abandoned, isAbandoned: true),
        ];
        if (leaks is not [])
        {
            Tally.Count(Happening.Leak, () => NativeMemoryLeakException.Describe(leaks));
            throw new NativeMemoryLeakException(leaks);
        }
    }

    /// <summary>Ends the scope without a word: its body has failed, and that is what there is to say.</summary>
    public void GiveUp()
    {
        if (Interlocked.Exchange(ref _hasEnded, 1) == 0)
        {
            End();
        }
    }

    /// <inheritdoc/>
    protected override NativeAllocator Wrap(NativeAllocator inner) => TrackingAllocator.InScope(inner, _ledger);
}
