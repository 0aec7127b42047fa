using System.Runtime.ExceptionServices;
using NativeBuffers.Caches;
using NativeBuffers.Lifetimes;
using NativeBuffers.Watching;

namespace NativeBuffers;

/// <summary>The blocks of a <see cref="NativeArenaOwner"/>, in their order. For the thread that is in, whichever that is.</summary>
/// <remarks>
/// Their slots are in the state <see cref="SlotState.Closing"/> from the first day: nothing but this object gives them back, neither a guardian nor
/// the end of a thread. So the arena's own state says whether the blocks are there, and no generation needs a look.
/// </remarks>
/// <param name="allocator">Where the blocks come from; the default one if null.</param>
/// <param name="origin">The line that made the arena.</param>
internal sealed class ArenaChunks(NativeAllocator? allocator, Origin origin)
{
    private readonly List<nint> _slots = [];

    /// <summary>How many there are.</summary>
    public int Count => _slots.Count;

    /// <summary>The slot of a block.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    /// <safety>The block is the arena's while the caller is in.</safety>
    public unsafe Slot* this[int index] => (Slot*)_slots[index];

    /// <summary>Adds a block.</summary>
    /// <safety>The slot's block is the arena's.</safety>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public unsafe Slot* Take(nuint byteCount, bool zeroed)
    {
        // Room to note it first: a block that is not noted would be lost.
        _ = _slots.EnsureCapacity(_slots.Count + 1);
        NativeAllocator asked = allocator ?? NativeAllocator.Default;
        if (Watch.IsOn || asked.TakesOrigins)
        {
            Origin.Note(origin);
        }

        Slot* slot = WrappingAllocator.Behind(asked) is CachingAllocator
            ? Lease.TryTake(byteCount, zeroed)
            : Uncached.TryTakeFrom(asked, byteCount, zeroed);
        if (slot == null)
        {
            throw asked.RefusalOf(byteCount);
        }

        slot->Generation = Slot.With(slot->Generation, SlotState.Closing);
        _slots.Add((nint)slot);
        return slot;
    }

    /// <summary>Gives the last block back.</summary>
    public void ReturnLast()
    {
        unsafe
        {
            // SAFETY: no other object has the slot, and from now on neither has this.
            var slot = (Slot*)_slots[^1];
            _slots.RemoveAt(_slots.Count - 1);
            Closing.GiveBack(slot, slot->Generation, slot->Home);
        }
    }

    /// <summary>Gives back all blocks but the first ones. An allocator that throws keeps none of the others.</summary>
    /// <param name="kept">How many stay.</param>
    /// <param name="isAbandoned">Whether the arena was forgotten, which is noted for each block, and counted.</param>
    public void ReturnBehind(int kept, bool isAbandoned = false)
    {
        ExceptionDispatchInfo? thrown = null;
        while (_slots.Count > kept)
        {
            try
            {
                if (isAbandoned)
                {
                    Guardian.NoteAbandoned();
                }

                ReturnLast();
            }
            catch (Exception exception)
            {
                thrown ??= ExceptionDispatchInfo.Capture(exception);
            }
            finally
            {
                if (isAbandoned)
                {
                    Origin.Forget();
                }
            }
        }

        thrown?.Throw();
    }
}
