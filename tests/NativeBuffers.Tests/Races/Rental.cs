using System.Reflection;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Tests.Races;

/// <summary>A pooled buffer as its words: the slot, and the generation that is held.</summary>
internal readonly struct Rental(PooledBuffer<byte> buffer)
{
    private static readonly FieldInfo s_handle =
        typeof(PooledBuffer<byte>).GetField("_handle", BindingFlags.Instance | BindingFlags.NonPublic)!;

    private readonly SharedHandle _handle = (SharedHandle)s_handle.GetValue(buffer)!;

    public PooledBuffer<byte> Buffer => buffer;

    public unsafe Slot* Slot => _handle.Slot;

    public Generation Opened => _handle.Opened;

    public bool IsNone => _handle.IsNone;

    /// <summary>The slot's state now, if this generation is not over.</summary>
    public unsafe SlotState State => Slot->Generation.State;

    /// <summary>Whether this names the rental, perhaps with another cleaner, home or length.</summary>
    public unsafe bool Names(Rental rental) => Slot == rental.Slot && Opened == rental.Opened;

    /// <summary>Whether a view is part of the slot's block.</summary>
    public unsafe bool Contains(ReadOnlySpan<byte> view)
    {
        fixed (byte* start = view)
        {
            return view.IsEmpty || (start >= Slot->Start && start + view.Length <= Slot->Start + Slot->ByteCount);
        }
    }

    /// <summary>All that calls may change of the slot, and of its home.</summary>
    public unsafe object Look()
    {
        Slot* slot = Slot;
        Bin* home = slot->Home;
        return (slot->Generation, SlotTable.PinsOf(slot), (nint)slot->Start, slot->ByteCount, (nint)home, slot->Cleaner, home == null ? 0 : home->Gate.Inside);
    }

    /// <summary>Rents until a rental is the first use of its slot.</summary>
    /// <param name="length">In bytes.</param>
    /// <param name="others">Takes the buffers that were rented on the way.</param>
    public static unsafe Rental First(int length, List<PooledBuffer<byte>> others)
    {
        HashSet<nint> slabs = [.. SlotTable.Slabs()];
        while (true)
        {
            var rental = new Rental(NativeMemoryPool<byte>.Shared.RentBuffer(length));
            others.Add(rental.Buffer);
            if (!IsAmong(slabs, rental.Slot))
            {
                return rental;
            }
        }
    }

    private static unsafe bool IsAmong(HashSet<nint> slabs, Slot* slot)
    {
        foreach (nint slab in slabs)
        {
            if (slot >= (Slot*)slab && slot < (Slot*)slab + SlotTable.SlabLength)
            {
                return true;
            }
        }

        return false;
    }
}
