using NativeBuffers.Allocation;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>Notes what a flow allocates, and finds fault with what is not given back.</summary>
internal sealed class LeakScope : FlowHooks, IDisposable
{
    /// <summary>A cleaner acts when it meets the same loan for the second time.</summary>
    private const int Collections = 3;

    private static readonly UninterruptedLock s_gate = new();
    private static LeakScope[] s_open = [];

    private readonly ScopeLedger _ledger = new();
    private int _hasEnded;

    /// <summary>Begins a scope in the caller's flow.</summary>
    public static LeakScope Start()
    {
        var scope = new LeakScope();
        SetOpen(open => [.. open, scope]);
        scope.Begin();
        return scope;
    }

    /// <summary>Ends the scope, and throws if anything was lost in it. Once only.</summary>
    /// <exception cref="NativeMemoryLeakException">Something was.</exception>
    /// <exception cref="InvalidOperationException">The caller is in another flow than the scope, or has not ended one within. It has ended all the same.</exception>
    public void Dispose()
    {
        if (Current != this && Volatile.Read(ref _hasEnded) == 0)
        {
            _ = TryEnd(isHere: false);
            throw new InvalidOperationException(
                "The scope ends where it is not the innermost one of its flow, so it cannot tell what was lost. Begin and end it in the "
                + "same method, and those within it before it; around what is awaited, use AssertNoLeaksAsync.");
        }

        Finish();
    }

    /// <summary>As <see cref="Dispose"/>, in the method that has begun the scope.</summary>
    public void Finish()
    {
        if (!TryEnd(isHere: true) || (_ledger.Registry.Count == 0 && _ledger.Abandoned is []))
        {
            return;
        }

        // A finalizer of the program's own may dispose of an owner. What a cleaner frees was forgotten, and stays a leak.
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
    public void GiveUp() => _ = TryEnd(isHere: true);

    /// <inheritdoc/>
    protected override NativeAllocator Wrap(NativeAllocator inner) => TrackingAllocator.InScope(inner, _ledger);

    private static void SetOpen(Func<LeakScope[], LeakScope[]> change)
    {
        using (s_gate.Enter())
        {
            bool isFirst = s_open is [];
            Volatile.Write(ref s_open, change(s_open));
            if (s_open is [])
            {
                BareBlockFreed -= TellOpen;
            }
            else if (isFirst)
            {
                BareBlockFreed += TellOpen;
            }
        }
    }

    private static void TellOpen(NativeAllocator allocator, nint address)
    {
        foreach (LeakScope scope in Volatile.Read(ref s_open))
        {
            if (!WrappingAllocator.KeepsNotesIn(scope._ledger, allocator))
            {
                scope._ledger.Forget(address);
            }
        }
    }

    private bool TryEnd(bool isHere)
    {
        if (Interlocked.Exchange(ref _hasEnded, 1) != 0)
        {
            return false;
        }

        if (isHere)
        {
            End();
        }
        else
        {
            EndElsewhere();
        }

        _ledger.End();
        SetOpen(open => [.. open.Where(scope => scope != this)]);
        return true;
    }
}
