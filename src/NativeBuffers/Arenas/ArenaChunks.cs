using System.Runtime.ExceptionServices;
using NativeBuffers.Allocation;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Arenas;

/// <summary>The blocks of a <see cref="NativeArenaOwner"/>, in their order. For the thread that has entered the arena.</summary>
/// <remarks>
/// The slots of the blocks are in the state <see cref="SlotState.Closing"/> from the start. So only this object gives the blocks back: no
/// cleaner does, nor the end of a thread. The arena's own state says whether the blocks are there, and generations need no check.
/// </remarks>
/// <param name="allocator">Where the blocks come from; the default one if null.</param>
/// <param name="site">The line that made the arena.</param>
internal sealed class ArenaChunks(NativeAllocator? allocator, AllocationSite site)
{
    private readonly List<nint> _slots = [];

    /// <summary>The number of blocks.</summary>
    public int Count => _slots.Count;

    /// <summary>The slot of a block.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    /// <safety>The block belongs to the arena as long as the caller has entered it.</safety>
    public unsafe Slot* this[int index] => (Slot*)_slots[index];

    /// <summary>Adds a block.</summary>
    /// <safety>The slot is never unmapped. Its block has at least <paramref name="byteCount"/> bytes, and lives until this object gives it back.</safety>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public unsafe Slot* Take(nuint byteCount, bool zeroed)
    {
        // First room to note the block: a block that is not noted would be lost.
        _ = _slots.EnsureCapacity(_slots.Count + 1);
        NativeAllocator asked = allocator ?? NativeAllocator.Default;
        if (AllocatorHooks.IsOn || asked.TakesAllocationSites)
        {
            AllocationSite.Note(site);
        }

        Slot* slot = WrappingAllocator.Behind(asked) is CachingAllocator
            ? Lease.TryTake(byteCount, zeroed)
            : Uncached.TryTakeFrom(asked, byteCount, zeroed);
        if (slot == null)
        {
            throw asked.RefusalOf(byteCount);
        }

        slot->Generation = slot->Generation.With(SlotState.Closing);
        _slots.Add((nint)slot);
        return slot;
    }

    /// <summary>Gives the last block back.</summary>
    public void ReturnLast()
    {
        unsafe
        {
            // SAFETY: the slot is never unmapped, and only this object has it. The list drops the slot before its block is given back.
            var slot = (Slot*)_slots[^1];
            _slots.RemoveAt(_slots.Count - 1);
            CloseProtocol.GiveBack(slot, slot->Generation, slot->Home);
        }
    }

    /// <summary>Gives back all blocks but the first ones. If an allocator throws, the other blocks are given back first.</summary>
    /// <param name="kept">How many blocks stay.</param>
    /// <param name="isAbandoned">True if the arena was forgotten. This is noted and counted for each block.</param>
    public void ReturnBehind(int kept, bool isAbandoned = false)
    {
        ExceptionDispatchInfo? thrown = null;
        while (_slots.Count > kept)
        {
            try
            {
                if (isAbandoned)
                {
                    Cleaner.NoteAbandoned();
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
                    AllocationSite.Forget();
                }
            }
        }

        thrown?.Throw();
    }
}
