using NativeBuffers.Allocation;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Blocks.Handles;

/// <summary>The last disposals of scoped owners on each thread of an instrumented process, to find second disposals through copies.</summary>
/// <remarks>
/// A handle is stale if a copy was disposed, which is a mistake, or if the block moved to another owner or place. The slot does not tell
/// these apart. So a disposal counts as a second one only while the first one is remembered here.
/// </remarks>
internal static class Disposals
{
    /// <summary>The number of remembered disposals of each thread. A power of two.</summary>
    private const int Length = 1024;

    // A block of a page guard costs more than a stack walk, and the line must be known before a fault ends the process.
    private static readonly bool s_isExact = InstrumentationSwitch.Guard is GuardMode.Pages or GuardMode.Sampled;

    [ThreadStatic]
    private static Disposal[]? t_last;

    /// <summary>Remembers the disposal of a scoped owner.</summary>
    /// <returns>The line of the disposal.</returns>
    /// <safety>The slot and its block belong to the caller until after this call. The generation is the one that ends.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe AllocationSite Note(Slot* slot, Generation generation, Type type)
    {
        int allocatedId = slot->Note.SiteId;
        var allocated = AllocationSite.FromId(allocatedId);
        AllocationSite disposed = !s_isExact && allocated.DisposedAsRule is { } rule ? rule : Look(allocated, type);
        if ((t_last ?? TryMake()) is { } last)
        {
            ref Disposal place = ref last[IndexOf(generation)];
            place.Generation = generation;
            place.Start = (nint)slot->Start;
            place.ByteCount = slot->ByteCount;
            place.AllocatedId = allocatedId;
            place.DisposedId = disposed.Id;
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
        if (first.Generation != generation)
        {
            return;
        }

        var allocated = AllocationSite.FromId(first.AllocatedId);
        var disposed = AllocationSite.FromId(first.DisposedId);
        if (!allocated.Disposals.IsMistake(type, disposed, out AllocationSite? second))
        {
            return;
        }

        if (second is not null)
        {
            AllocatorHooks.TellDisposedTwice(first.Start, first.ByteCount, allocated, disposed, second);
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

    /// <summary>The end of one generation. The generation alone identifies the slot: see <see cref="Blocks.Generation.First"/>.</summary>
    private struct Disposal
    {
        public Generation Generation;
        public nint Start;
        public nuint ByteCount;
        public int AllocatedId;
        public int DisposedId;
    }
}
