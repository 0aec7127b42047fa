using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache;

/// <summary>Room for a number of free blocks of one size; moves between threads and the depot as a whole.</summary>
/// <remarks>
/// An array of pointers behind this header, not a list through the slots: taking from a list waits for each slot to
/// come from memory before the next one is known, and the array is read ahead of that.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct Magazine
{
    /// <summary>The next magazine on a depotBin of the depot.</summary>
    public unsafe Magazine* Next;

    /// <summary>How many slots there are. Of a bin's loaded magazine, the bin keeps the number itself.</summary>
    public int Count;

    /// <summary>A magazine without room, which all share who have none of their own. Nobody writes to it.</summary>
    public static unsafe Magazine* None { get; } = TryCreate(0);

    /// <summary>How many slots there is room for.</summary>
    public int Capacity { get; private init; }

    /// <summary>An empty magazine; null when memory is exhausted. Magazines are used again and never freed.</summary>
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

    /// <summary>The slots of a magazine.</summary>
    /// <safety>The magazine is the caller's; indexes are below its capacity.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Slot** Slots(Magazine* magazine) => (Slot**)(magazine + 1);
}
