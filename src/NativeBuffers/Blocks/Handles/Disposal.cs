using NativeBuffers.Allocation;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Blocks.Handles;

/// <summary>The disposal of a scoped owner in an instrumented process. Each thread remembers its last ones, to find second disposals of copies.</summary>
/// <remarks>
/// A handle is stale if a copy was disposed, which is a mistake, or if the block moved to another owner or place. The slot does not tell
/// these apart. So a disposal counts as a second one only while the first one is remembered here.
/// </remarks>
internal struct Disposal
{
    /// <summary>The number of remembered disposals of each thread. A power of two.</summary>
    private const int Length = 1024;

    // A block of a page guard costs more than a stack walk, and the line must be known before a fault ends the process.
    private static readonly bool s_isExact = InstrumentationSwitch.Guard is GuardMode.Pages or GuardMode.Sampled;

    [ThreadStatic]
    private static Disposal[]? t_last;

    /// <summary>The generation that ended. It alone identifies the slot: see <see cref="Generation.First"/>.</summary>
    private Generation _generation;
    private nint _start;
    private nuint _byteCount;
    private int _allocatedId;
    private int _disposedId;

    /// <summary>Remembers the disposal of a scoped owner.</summary>
    /// <returns>The line of the disposal.</returns>
    /// <safety>The slot and its block belong to the caller until after this call. The generation is the one that ends.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe AllocationSite Note(Slot* slot, Generation generation, Type type)
    {
        int allocatedId = slot->SiteId;
        var allocated = AllocationSite.FromId(allocatedId);
        AllocationSite disposed = !s_isExact && allocated.DisposedAsRule is { } rule ? rule : Look(allocated, type);
        if ((t_last ?? TryMake()) is { } last)
        {
            ref Disposal place = ref last[IndexOf(generation)];
            place._generation = generation;
            place._start = (nint)slot->Start;
            place._byteCount = slot->ByteCount;
            place._allocatedId = allocatedId;
            place._disposedId = disposed.Id;
        }

        return disposed;
    }

    /// <summary>Counts and reports the disposal of a second copy, if the first disposal is remembered.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void FindFirst(Generation generation, Type type)
    {
        if (t_last is not { } last)
        {
            return;
        }

        Disposal first = last[IndexOf(generation)];
        if (first._generation != generation)
        {
            return;
        }

        var allocated = AllocationSite.FromId(first._allocatedId);
        var disposed = AllocationSite.FromId(first._disposedId);
        if (!allocated.Disposals.IsMistake(type, disposed, out AllocationSite? second))
        {
            return;
        }

        if (second is not null)
        {
            AllocatorHooks.TellDisposedTwice(first._start, first._byteCount, allocated, disposed, second);
        }
        else
        {
            DiagnosticEvent.DoubleFree.Raise(() => $"{allocated}: a copy of the buffer was disposed before.");
        }
    }

    private static int IndexOf(Generation generation) => (int)(generation.Value / Generation.Step) & (Length - 1);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static AllocationSite Look(AllocationSite allocated, Type type)
    {
        AllocationSite found = allocated.Disposals.Find(type, s_isExact);
        allocated.DisposedAsRule = allocated.Disposals.Rule;
        return found;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Disposal[]? TryMake()
    {
        try
        {
            return t_last = new Disposal[Length];
        }
        catch (OutOfMemoryException)
        {
            // Disposal throws nothing.
            return null;
        }
    }
}
