using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NativeBuffers.Os;

namespace NativeBuffers.Caches;

/// <summary>Room for a number of free blocks of one size; moves between threads and the depot as a whole.</summary>
/// <remarks>
/// An array of pointers behind this header, not a list through the slots: taking from a list waits for each slot to
/// come from memory before the next one is known, and the array is read ahead of that.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct Bundle
{
    /// <summary>The next bundle on a shelf of the depot.</summary>
    public unsafe Bundle* Next;

    /// <summary>How many slots there are. Of a magazine's loaded bundle, the magazine keeps the number itself.</summary>
    public int Count;

    /// <summary>A bundle without room, which all share who have none of their own. Nobody writes to it.</summary>
    public static unsafe Bundle* None { get; } = TryCreate(0);

    /// <summary>How many slots there is room for.</summary>
    public int Capacity { get; private init; }

    /// <summary>An empty bundle; null when memory is exhausted. Bundles are used again and never freed.</summary>
    /// <safety>The bundle belongs to the caller.</safety>
    public static unsafe Bundle* TryCreate(int capacity)
    {
        try
        {
            Supply.ThrowIfRefused();
            Bundle* bundle = (Bundle*)NativeMemory.Alloc((nuint)sizeof(Bundle) + ((nuint)capacity * (nuint)sizeof(Slot*)));
            *bundle = new Bundle { Capacity = capacity };
            return bundle;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>The slots of a bundle.</summary>
    /// <safety>The bundle is the caller's; indexes are below its capacity.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Slot** Slots(Bundle* bundle) => (Slot**)(bundle + 1);
}
