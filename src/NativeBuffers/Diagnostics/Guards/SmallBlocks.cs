using NativeBuffers.Blocks.Cache;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Writes and verifies the headers of one allocator's small blocks: those that a <see cref="ThreadQuarantine"/> keeps.</summary>
/// <remarks>The constructor computes the parts that all these headers share. The default value includes no block.</remarks>
internal readonly struct SmallBlocks
{
    private readonly nuint _alignment;
    private readonly ulong _live;
    private readonly ulong _freed;
    private readonly ulong _liveSum;
    private readonly ulong _freedSum;

    public SmallBlocks(int allocatorId, nuint alignment)
    {
        _alignment = alignment;
        _live = CheckedHeader.LiveMark(allocatorId, isSmall: true, alignment);
        _freed = CheckedHeader.FreedMark(_live);
        _liveSum = CheckedHeader.OfMark(_live);
        _freedSum = CheckedHeader.OfMark(_freed);
    }

    /// <summary>Whether blocks of this size and alignment are small blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Include(nuint byteCount, nuint alignment) => byteCount <= ThreadQuarantine.LargestByteCount && alignment <= _alignment;

    /// <summary>Whether a block from a quarantine is undamaged.</summary>
    /// <safety>The block is a freed small block of this size class, and its memory can be read up to the end of its red zones.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe bool IsIntactFreed(byte* block, int sizeClass)
    {
        CheckedHeader* header = CheckedHeader.Of(block);
        return header->Mark == _freed && header->HasZone
            && header->Checksum == (CheckedHeader.Sum(header, header->Serial, header->Length, header->Allocation) ^ CheckedHeader.OfRelease(header->Release) ^ _freedSum)
            && FillPattern.AreLinesPoisoned(block, block + RedZones.RoomOf(sizeClass));
    }

    /// <summary>Whether a block is a live small block of this allocator and size, and undamaged.</summary>
    /// <param name="header">The header of the block.</param>
    /// <param name="byteCount">The size according to the caller; small blocks include it.</param>
    /// <param name="sizeClass">The size class of <paramref name="byteCount"/>.</param>
    /// <safety>The header can be read; if it is intact, so can the memory up to the end of the red zones.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe bool IsIntactLive(CheckedHeader* header, nuint byteCount, out int sizeClass)
    {
        sizeClass = SizeClasses.Of(byteCount);
        byte* block = (byte*)(header + 1);
        return header->Mark == _live && header->Length == byteCount && header->Release == 0 && header->HasZone
            && header->Checksum == (CheckedHeader.Sum(header, header->Serial, byteCount, header->Allocation) ^ _liveSum)
            && FillPattern.IsPoisoned(block + byteCount, block + RedZones.RoomOf(sizeClass));
    }

    /// <summary>Marks a live block as freed; false if another thread was first.</summary>
    /// <safety>The header is intact.</safety>
    public unsafe bool TryClaim(CheckedHeader* header) => Interlocked.CompareExchange(ref header->Mark, _freed, _live) == _live;

    /// <summary>Writes the header of a block that is given out.</summary>
    /// <safety>The header can be written, and no other thread uses the block.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void Open(CheckedHeader* header, ulong serial, nuint byteCount, ulong allocation)
    {
        header->Serial = serial;
        header->Length = byteCount;
        header->Allocation = allocation;
        header->Release = 0;
        header->Mark = _live;
        header->Checksum = CheckedHeader.Sum(header, serial, byteCount, allocation) ^ _liveSum;
    }

    /// <summary>Marks a live block as freed, with the site and the thread of the free.</summary>
    /// <safety><see cref="Open"/> wrote the header, which is intact. No other thread frees the block.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void Close(CheckedHeader* header, ulong release)
    {
        header->Release = release;
        header->Mark = _freed;
        header->Checksum ^= CheckedHeader.OfRelease(release) ^ _liveSum ^ _freedSum;
    }
}
