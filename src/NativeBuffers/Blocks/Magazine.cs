using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks;

/// <summary>Room for a number of free blocks of one size; moves between threads and the depot as a whole (Bonwick).</summary>
/// <remarks>
/// An array of pointers after this header, not a list through the slots: taking from a list waits for each slot to
/// come from memory before the next one is known, and the processor reads an array ahead.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct Magazine
{
    /// <summary>The next magazine of a depot's list.</summary>
    public unsafe Magazine* Next;

    /// <summary>The number of slots. While a bin has the magazine loaded, the bin keeps the number itself.</summary>
    public int Count;

    /// <summary>A magazine without room, for all bins that have no other. It is never written to.</summary>
    /// <safety>Never freed. It has no room, so no thread writes to it.</safety>
    public static unsafe Magazine* None { get; } = TryCreate(0);

    /// <summary>The most slots that there is room for.</summary>
    public int Capacity { get; private init; }

    /// <summary>An empty magazine; null when memory is exhausted.</summary>
    /// <safety>The magazine belongs to the caller.</safety>
    public static unsafe Magazine* TryCreate(int capacity)
    {
        try
        {
            FailPoint.ThrowIfRefused();
            Magazine* magazine = (Magazine*)NativeMemory.Alloc((nuint)sizeof(Magazine) + ((nuint)capacity * (nuint)sizeof(Slot*)));
            *magazine = new Magazine { Capacity = capacity };
            return magazine;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>Frees the magazines of a list.</summary>
    /// <safety>The magazines are empty, and the caller's. No thread has a pointer to them any more.</safety>
    public static unsafe void Free(Magazine* list)
    {
        while (list != null)
        {
            Magazine* magazine = list;
            list = magazine->Next;
            NativeMemory.Free(magazine);
        }
    }

    /// <summary>The slots of a magazine.</summary>
    /// <safety>The magazine is the caller's; indexes are below its capacity.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Slot** Slots(Magazine* magazine) => (Slot**)(magazine + 1);
}
