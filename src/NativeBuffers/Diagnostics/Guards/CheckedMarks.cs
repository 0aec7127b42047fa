using NativeBuffers.Blocks.Cache;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>What the headers of one allocator's blocks in rings have in common: so there is little to compute for each.</summary>
internal readonly struct CheckedMarks
{
    private readonly ulong _live;
    private readonly ulong _freed;
    private readonly ulong _liveSum;
    private readonly ulong _freedSum;

    public CheckedMarks(int allocatorId, nuint alignment)
    {
        _live = CheckedHeader.LiveMark(allocatorId, isRinged: true, alignment);
        _freed = CheckedHeader.FreedMark(_live);
        _liveSum = CheckedHeader.OfMark(_live);
        _freedSum = CheckedHeader.OfMark(_freed);
    }

    /// <summary>Whether nothing is wrong with a block that was kept in a ring.</summary>
    /// <safety>It was, and can be read with all that is around it.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe bool AreIntactInRing(byte* block, int sizeClass)
    {
        CheckedHeader* header = CheckedHeader.Of(block);
        return header->Mark == _freed && header->HasZone
            && header->Checksum == (CheckedHeader.Sum(header, header->Serial, header->Length, header->Allocation) ^ CheckedHeader.OfRelease(header->Release) ^ _freedSum)
            && CheckedFill.AreLinesIntact(block, block + CheckedShape.RoomOf(sizeClass));
    }

    /// <summary>Whether nothing is wrong with a block that belongs into rings, and is in use.</summary>
    /// <param name="header">The block's.</param>
    /// <param name="byteCount">What was asked for, as the caller says; rings have such blocks.</param>
    /// <param name="sizeClass">That of so many bytes.</param>
    /// <safety>Its header can be read, and if that is intact, what is around it.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe bool AreIntactInUse(CheckedHeader* header, nuint byteCount, out int sizeClass)
    {
        sizeClass = SizeClasses.Of(byteCount);
        byte* block = (byte*)(header + 1);
        return header->Mark == _live && header->Length == byteCount && header->Release == 0 && header->HasZone
            && header->Checksum == (CheckedHeader.Sum(header, header->Serial, byteCount, header->Allocation) ^ _liveSum)
            && CheckedFill.IsIntact(block + byteCount, block + CheckedShape.RoomOf(sizeClass));
    }

    /// <summary>Makes a block a freed one; false if another thread was first.</summary>
    /// <safety>The header is intact.</safety>
    public unsafe bool TryClaim(CheckedHeader* header) => Interlocked.CompareExchange(ref header->Mark, _freed, _live) == _live;

    /// <summary>Writes the header of a block that is given out.</summary>
    /// <safety>The header may be written.</safety>
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

    /// <summary>Changes the header of a block that is given back.</summary>
    /// <safety>The header was written by <see cref="Open"/>, and is intact.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void Close(CheckedHeader* header, ulong release)
    {
        header->Release = release;
        header->Mark = _freed;
        header->Checksum ^= CheckedHeader.OfRelease(release) ^ _liveSum ^ _freedSum;
    }
}
