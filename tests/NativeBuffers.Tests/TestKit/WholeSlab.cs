using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Blocks.Cache.Trimming;
using NativeBuffers.Tests.Races;

namespace NativeBuffers.Tests.TestKit;

/// <summary>Rented buffers that have all slots of one slab, on one thread.</summary>
internal sealed class WholeSlab
{
    private readonly List<PooledBuffer<byte>> _others = [];
    private readonly nint _slab;

    /// <summary>Rents until a slab has no other slots.</summary>
    public WholeSlab(int length = 64)
    {
        var bySlab = new Dictionary<nint, List<Rental>>();
        List<Rental> rentals;
        do
        {
            var rental = new Rental(NativeMemoryPool<byte>.Shared.RentBuffer(length));
            _slab = SlabOf(rental);
            rentals = bySlab.TryGetValue(_slab, out List<Rental>? found) ? found : bySlab[_slab] = [];
            rentals.Add(rental);
        }
        while (rentals.Count < SlotTable.SlabLength);

        Rentals = rentals;
        _others.AddRange(bySlab.Where(pair => pair.Key != _slab).SelectMany(static pair => pair.Value).Select(static rental => rental.Buffer));
    }

    /// <summary>The rental of each slot.</summary>
    public List<Rental> Rentals { get; private set; }

    /// <summary>Whether the slab has memory.</summary>
    public unsafe bool HasMemory => ((SlotSlab*)_slab)->HasMemory;

    /// <summary>The number of pages of the slab that have memory.</summary>
    public int ResidentPages => ResidentPagesOf(_slab);

    /// <summary>The number of pages of a slab that have memory.</summary>
    public static unsafe int ResidentPagesOf(nint slab)
    {
        Span<byte> pages = new byte[SlotSlab.Bytes / Environment.SystemPageSize];
        NativeBuffers.Platform.Host.Memory.FindResident(SlotSlab.Slots((SlotSlab*)slab), pages);
        return pages.Count((byte)1);
    }

    public static unsafe nint SlabOf(Rental rental) => (nint)SlotSlab.Of(rental.Slot);

    /// <summary>Disposes all buffers.</summary>
    public void Dispose()
    {
        Rentals.ForEach(static rental => rental.Buffer.Dispose());
        _others.ForEach(static other => other.Dispose());
        _others.Clear();
    }

    /// <summary>Disposes all buffers, and gives their slots without blocks to the table: all slots of the slab are vacant, and keep their memory.</summary>
    public void Vacate()
    {
        Dispose();
        CacheVisits.Trim(idleOnly: false);
        Depot.TrimAll(idleOnly: false);
        FreePath.FlushVacant();
    }

    /// <summary>Disposes all buffers, and gives the memory of the slab back.</summary>
    public void Discard()
    {
        Dispose();
        NativeMemoryCache.Trim();
        Assert.False(HasMemory);
    }

    /// <summary>Rents until the slab is made again, and has no other slots.</summary>
    public void RentAgain()
    {
        Rentals = [];
        while (Rentals.Count < SlotTable.SlabLength)
        {
            var rental = new Rental(NativeMemoryPool<byte>.Shared.RentBuffer(64));
            if (SlabOf(rental) == _slab)
            {
                Rentals.Add(rental);
            }
            else
            {
                _others.Add(rental.Buffer);
            }
        }
    }
}
