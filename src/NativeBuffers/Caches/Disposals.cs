using System.Runtime.CompilerServices;
using NativeBuffers.Watching;

namespace NativeBuffers.Caches;

/// <summary>The last disposals of scoped owners on each thread, in a watched process: a copy that is disposed after another is found by them.</summary>
/// <remarks>
/// A lease may be stale because a copy was disposed, which is a mistake, or because the block moved to another owner or place.
/// The slot does not say which. So a disposal is told as a second one only while the first one is remembered here.
/// </remarks>
internal static class Disposals
{
    /// <summary>How many are remembered on each thread. A power of two.</summary>
    private const int Length = 1024;

    // A page guard's blocks cost more than a look at the stack, and a process that ends tells the line no later.
    private static readonly bool s_isExact = WatchSettings.Guard is GuardMode.Pages or GuardMode.Sampled;

    [ThreadStatic]
    private static Disposal[]? t_last;

    /// <summary>Remembers the disposal of a scoped owner.</summary>
    /// <returns>Where it is.</returns>
    /// <safety>The slot belongs to the caller, and has a block. The generation is the one that ends.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Origin Note(Slot* slot, ulong generation, Type type)
    {
        int allocatedId = slot->OriginId;
        var allocated = Origin.FromId(allocatedId);
        Origin disposed = !s_isExact && allocated.DisposedAsRule is { } rule ? rule : Look(allocated, type);
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

    /// <summary>Counts and tells a second disposal, through a copy, if the first one is remembered.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void FindFirst(ulong generation, Type type)
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

        var allocated = Origin.FromId(first.AllocatedId);
        if (allocated.Disposals.TryFindSecond(type, out Origin second))
        {
            Watch.TellDisposedTwice(first.Start, first.ByteCount, allocated, Origin.FromId(first.DisposedId), second);
        }
        else
        {
            Tally.Count(Happening.DoubleFree, () => $"{allocated}: a copy of the buffer was disposed before.");
        }
    }

    private static int IndexOf(ulong generation) => (int)(generation / Slot.Step) & (Length - 1);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Origin Look(Origin allocated, Type type)
    {
        Origin found = allocated.Disposals.Find(type, s_isExact);
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

    /// <summary>The end of one generation. Of which slot, the generation says: see <see cref="Slot.FirstGeneration"/>.</summary>
    private struct Disposal
    {
        public ulong Generation;
        public nint Start;
        public nuint ByteCount;
        public int AllocatedId;
        public int DisposedId;
    }
}
