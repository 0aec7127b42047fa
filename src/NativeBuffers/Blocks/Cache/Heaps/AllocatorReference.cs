using NativeBuffers.Allocation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>The reference from a slot, which lies in native memory, to the allocator of its block.</summary>
/// <remarks>
/// A slot has a handle to such an object. The allocator lives as long as blocks of it exist, and may be collected after the last one. All
/// slots share the object of an allocator that lives forever. Otherwise one slot has the object, and the thread keeps both for its next block of
/// any allocator. So a block needs no handle of its own: the reference is written, and cleared after the block. Measured: to make
/// and to free a handle takes 35 ns.
/// </remarks>
internal sealed class AllocatorReference
{
    private AllocatorReference(NativeAllocator allocator) => Allocator = allocator;

    /// <summary>The allocator; null while the slot has no block.</summary>
    public NativeAllocator? Allocator { get; set; }

    /// <summary>The reference of a slot.</summary>
    /// <safety>The slot belongs to the caller, and is foreign.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe AllocatorReference Of(Slot* slot) => GCHandle<AllocatorReference>.FromIntPtr(slot->Allocator).Target;

    /// <summary>Whether other slots have the same reference.</summary>
    public static bool IsShared(NativeAllocator allocator, nint handle) => handle == allocator.PermanentHandle;

    /// <summary>A handle for one slot: the shared one of an allocator that lives forever, otherwise a new one; false if memory is exhausted.</summary>
    public static bool TryMake(NativeAllocator allocator, out nint handle)
    {
        try
        {
            handle = allocator.LivesForever ? ShareFor(allocator) : Make(allocator);
            return true;
        }
        catch (OutOfMemoryException)
        {
            handle = 0;
            return false;
        }
    }

    /// <summary>A new handle for one slot, which no other slot has; false if memory is exhausted.</summary>
    public static bool TryMakeOwn(NativeAllocator allocator, out nint handle)
    {
        try
        {
            handle = Make(allocator);
            return true;
        }
        catch (OutOfMemoryException)
        {
            handle = 0;
            return false;
        }
    }

    /// <summary>The handle to an allocator that lives forever, for all slots. It is made at the first use.</summary>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public static nint ShareFor(NativeAllocator allocator)
    {
        if (allocator.PermanentHandle == 0)
        {
            nint made = Make(allocator);
            if (Interlocked.CompareExchange(ref allocator.PermanentHandle, made, 0) != 0)
            {
                Free(made);
            }
        }

        return allocator.PermanentHandle;
    }

    /// <summary>Frees a handle of <see cref="TryMake"/>, if no other slot has it.</summary>
    public static void Free(NativeAllocator allocator, nint handle)
    {
        if (!IsShared(allocator, handle))
        {
            Free(handle);
        }
    }

    /// <summary>Frees a handle that no slot has any more.</summary>
    public static void Free(nint handle) => GCHandle<AllocatorReference>.FromIntPtr(handle).Dispose();

    private static nint Make(NativeAllocator allocator)
    {
        FailPoint.ThrowIfRefused();
        return GCHandle<AllocatorReference>.ToIntPtr(new GCHandle<AllocatorReference>(new AllocatorReference(allocator)));
    }
}
