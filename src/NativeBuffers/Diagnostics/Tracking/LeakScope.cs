using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>Tracks the blocks that a flow allocates. Its end throws if any of them was not given back.</summary>
internal sealed class LeakScope : FlowHooks, IDisposable
{
    /// <summary>A cleaner acts when it meets the same block for the second time.</summary>
    private const int Collections = 3;

    private readonly Tracker _tracker = new();
    private int _hasEnded;

    /// <summary>Begins a scope in the caller's flow.</summary>
    public static LeakScope Start()
    {
        var scope = new LeakScope();
        BareBlockFreed += scope.RemoveBareBlock;
        scope.Begin();
        return scope;
    }

    /// <summary>Ends the scope, and throws if it has leaks. A second call does nothing.</summary>
    /// <exception cref="NativeMemoryLeakException">A block was not given back.</exception>
    /// <exception cref="InvalidOperationException">The scope is not the innermost one of the caller's flow. It has ended nevertheless.</exception>
    public void Dispose()
    {
        if (Current != this && Volatile.Read(ref _hasEnded) == 0)
        {
            _ = TryEnd(isHere: false);
            throw new InvalidOperationException(
                "The scope is not the innermost one of the flow that ends it, so its leaks are not known. Begin and end a scope in the same "
                + "method, and end inner scopes first. For a body that awaits, use AssertNoLeaksAsync.");
        }

        Finish();
    }

    /// <summary>Like <see cref="Dispose"/>, in the method that has begun the scope.</summary>
    public void Finish()
    {
        if (!TryEnd(isHere: true) || (_tracker.Blocks.Count == 0 && _tracker.Abandoned is []))
        {
            return;
        }

        // A finalizer of the program may still dispose an owner. A block that a cleaner frees was abandoned, and stays a leak.
        for (int i = 0; i < Collections; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        IReadOnlyList<NativeMemoryLeak> leaks =
        [
            .. NativeMemoryLeak.From(_tracker.Blocks.Copy(), isAbandoned: false),
            .. NativeMemoryLeak.From(_tracker.Abandoned, isAbandoned: true),
        ];
        if (leaks is not [])
        {
            DiagnosticEvent.Leak.Raise(() => NativeMemoryLeakException.Describe(leaks));
            throw new NativeMemoryLeakException(leaks);
        }
    }

    /// <summary>Ends the scope without a report, because its body has thrown.</summary>
    public void GiveUp() => _ = TryEnd(isHere: true);

    /// <inheritdoc/>
    protected override NativeAllocator Wrap(NativeAllocator inner) => TrackingAllocator.InScope(inner, _tracker);

    /// <summary>Removes a bare block of the default allocator. Code outside of the scope's flow may free it.</summary>
    private void RemoveBareBlock(NativeAllocator allocator, nint address)
    {
        if (!WrappingAllocator.IsTrackedBy(_tracker, allocator))
        {
            _ = _tracker.Blocks.TryRemove(address, Tracker.DefaultAllocatorId, out _);
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

        _tracker.End();
        BareBlockFreed -= RemoveBareBlock;
        return true;
    }

    private sealed class Tracker() : BlockTracker(shardCount: 8)
    {
        public static readonly int DefaultAllocatorId = AllocatorNames.IdOf(CachingAllocator.Instance);

        private readonly UninterruptedLock _lock = new();
        private readonly List<LiveBlocks.Record> _abandoned = [];

        /// <summary>The blocks of owners that were not disposed. A finalizer, or the end of a thread, has freed them.</summary>
        public IReadOnlyList<LiveBlocks.Record> Abandoned
        {
            get
            {
                using (_lock.Enter())
                {
                    return [.. _abandoned];
                }
            }
        }

        public void End() => HasEnded = true;

        // In a process without instrumentation, the shortest path notes no site. There the call stack tells the line.
        public override int CaptureStack() => AllocationSite.Noted.Line == 0 ? CallStack.Capture() : 0;

        public override void NoteAbandoned(in LiveBlocks.Record record)
        {
            using (_lock.Enter())
            {
                _abandoned.Add(record);
            }
        }
    }
}
