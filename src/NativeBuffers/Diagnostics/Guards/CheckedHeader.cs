using System.Numerics;
using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The header of a checked block: one cache line that ends where the user's bytes start.</summary>
/// <remarks>
/// The checksum covers the other words and the block's address. Each word is rotated by a different distance first. So a change of
/// one word always shows, and so does a header that was copied to another place. Multiplication would mix the words better, and took
/// 2 ns of 24. It would find only more of the changes of several words that cancel each other out.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = ByteCount)]
internal struct CheckedHeader
{
    public const int ByteCount = 64;

    /// <summary>The state bits of <see cref="Mark"/> while the block is in use.</summary>
    private const ulong Live = 0xA11C_0000_0000_0000;

    /// <summary>The state bits of <see cref="Mark"/> after the block was freed.</summary>
    private const ulong Freed = 0xF4EE_0000_0000_0000;
    private const ulong StateBits = 0xFFFF_0000_0000_0000;
    private const ulong SmallBit = 0x0000_8000_0000_0000;

    public ulong Checksum;

    /// <summary>A number that no other checked block of the process has.</summary>
    public ulong Serial;

    /// <summary>The requested size in bytes.</summary>
    public nuint Length;

    /// <summary>The number of the allocation site in the lower half, the thread in the upper half.</summary>
    public ulong Allocation;

    /// <summary>The site and the thread of the free, as in <see cref="Allocation"/>; 0 while the block is in use.</summary>
    public ulong Release;

    /// <summary>The state, whether a <see cref="ThreadQuarantine"/> keeps the block, the alignment's power of two, and the allocator's number.</summary>
    public ulong Mark;

    /// <summary>The red zone in front of the user's bytes.</summary>
    public ulong FirstZone, SecondZone;

    public readonly bool IsLive => (Mark & StateBits) == Live;

    public readonly bool IsFreed => (Mark & StateBits) == Freed;

    public readonly bool IsSmall => (Mark & SmallBit) != 0;

    public readonly int AllocatorId => (int)(uint)Mark;

    public readonly nuint Alignment => (nuint)1 << (int)((Mark >> 32) & 63);

    public readonly bool HasZone => FirstZone == FillPattern.PoisonWord && SecondZone == FillPattern.PoisonWord;

    /// <summary>Whether a guard probably wrote this header, although its checksum is wrong.</summary>
    public readonly bool LooksLikeOne => IsLive || IsFreed || HasZone;

    /// <summary>The <see cref="Mark"/> of a block in use.</summary>
    public static ulong LiveMark(int allocatorId, bool isSmall, nuint alignment) =>
        Live | (isSmall ? SmallBit : 0) | ((ulong)nuint.Log2(alignment) << 32) | (uint)allocatorId;

    /// <summary>The header of a block.</summary>
    /// <safety>The caller reads or writes the header only if the block has one.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe CheckedHeader* Of(void* block) => (CheckedHeader*)block - 1;

    /// <summary>Whether <see cref="Checksum"/> is right.</summary>
    /// <safety>The <see cref="ByteCount"/> bytes at the header can be read.</safety>
    public static unsafe bool IsIntact(CheckedHeader* header) =>
        header->Checksum == (Sum(header, header->Serial, header->Length, header->Allocation, header->Mark) ^ OfRelease(header->Release));

    /// <summary>Whether a small block from a quarantine is undamaged. <paramref name="mark"/> is the one of live blocks.</summary>
    /// <safety>The block is a freed small block of this size class, and its memory can be read up to the end of its red zones.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool IsIntactFreed(byte* block, ulong mark, int sizeClass)
    {
        CheckedHeader* header = Of(block);
        return header->Mark == ToFreed(mark) && header->HasZone
            && header->Checksum == (Sum(header, header->Serial, header->Length, header->Allocation, ToFreed(mark)) ^ OfRelease(header->Release))
            && FillPattern.AreLinesPoisoned(block, block + RedZones.RoomOf(sizeClass));
    }

    /// <summary>Whether a block is a live small block with this mark and size, and undamaged.</summary>
    /// <safety>The header can be read; if it is intact, so can the memory up to the end of the red zones.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool IsIntactLive(CheckedHeader* header, ulong mark, nuint byteCount, out int sizeClass)
    {
        sizeClass = SizeClasses.Of(byteCount);
        byte* block = (byte*)(header + 1);
        return header->Mark == mark && header->Length == byteCount && header->Release == 0 && header->HasZone
            && header->Checksum == Sum(header, header->Serial, byteCount, header->Allocation, mark)
            && FillPattern.IsPoisoned(block + byteCount, block + RedZones.RoomOf(sizeClass));
    }

    /// <summary>Writes the header of a block that is given out.</summary>
    /// <safety>The header can be written, and no other thread uses the block.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Open(CheckedHeader* header, ulong serial, nuint byteCount, ulong allocation, ulong mark)
    {
        header->Serial = serial;
        header->Length = byteCount;
        header->Allocation = allocation;
        header->Release = 0;
        header->Mark = mark;
        header->Checksum = Sum(header, serial, byteCount, allocation, mark);
    }

    /// <summary>Marks a live block as freed, before <see cref="Close"/>; false if another thread was first.</summary>
    /// <safety>The header is intact.</safety>
    public static unsafe bool TryClaim(CheckedHeader* header, ulong mark) =>
        Interlocked.CompareExchange(ref header->Mark, ToFreed(mark), mark) == mark;

    /// <summary>Marks a live block as freed, with the site and the thread of the free.</summary>
    /// <safety>The header was intact when it was live with this mark. No other thread frees the block.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Close(CheckedHeader* header, ulong mark, ulong release)
    {
        header->Release = release;
        header->Mark = ToFreed(mark);
        header->Checksum ^= OfRelease(release) ^ OfMark(Live ^ Freed);
    }

    /// <summary>The <see cref="Mark"/> of a freed block, from the one that it had while it was live.</summary>
    private static ulong ToFreed(ulong mark) => mark ^ (Live ^ Freed);

    /// <summary>The checksum without <see cref="Release"/>, which is 0 in a live block.</summary>
    /// <safety>The pointer is used as a number only.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe ulong Sum(CheckedHeader* header, ulong serial, nuint length, ulong allocation, ulong mark) =>
        serial ^ BitOperations.RotateLeft(length, 19) ^ BitOperations.RotateLeft(allocation, 37) ^ OfMark(mark) ^ (ulong)header;

    private static ulong OfRelease(ulong release) => BitOperations.RotateLeft(release, 53);

    private static ulong OfMark(ulong mark) => BitOperations.RotateLeft(mark, 11);
}
