using System.Numerics;

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
    /// <summary>The size of a header in bytes.</summary>
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

    /// <summary>The state, whether the block is one of <see cref="SmallBlocks"/>, the alignment's power of two, and the allocator's number.</summary>
    public ulong Mark;

    /// <summary>With <see cref="SecondZone"/>, the red zone in front of the user's bytes.</summary>
    public ulong FirstZone;

    public ulong SecondZone;

    public readonly bool IsLive => (Mark & StateBits) == Live;

    public readonly bool IsFreed => (Mark & StateBits) == Freed;

    public readonly bool IsSmall => (Mark & SmallBit) != 0;

    public readonly int AllocatorId => (int)(uint)Mark;

    /// <summary>The alignment of the block, in bytes.</summary>
    public readonly nuint Alignment => (nuint)1 << (int)((Mark >> 32) & 63);

    public readonly bool HasZone => FirstZone == FillPattern.PoisonWord && SecondZone == FillPattern.PoisonWord;

    /// <summary>Whether a guard probably wrote this header, although its checksum is wrong.</summary>
    public readonly bool LooksLikeOne => IsLive || IsFreed || HasZone;

    /// <summary>The <see cref="Mark"/> of a block in use.</summary>
    public static ulong LiveMark(int allocatorId, bool isSmall, nuint alignment) =>
        Live | (isSmall ? SmallBit : 0) | ((ulong)nuint.Log2(alignment) << 32) | (uint)allocatorId;

    /// <summary>The <see cref="Mark"/> of the same block after its free.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong FreedMark(ulong mark) => (mark & ~StateBits) | Freed;

    /// <summary>The header of a block.</summary>
    /// <safety>The caller reads or writes the header only if the block has one.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe CheckedHeader* Of(void* block) => (CheckedHeader*)block - 1;

    /// <summary>The value that <see cref="Checksum"/> must have.</summary>
    /// <safety>The <see cref="ByteCount"/> bytes at the header can be read.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe ulong Sum(CheckedHeader* header) =>
        Sum(header, header->Serial, header->Length, header->Allocation) ^ OfRelease(header->Release) ^ OfMark(header->Mark);

    /// <summary>The part of the checksum that a free does not change.</summary>
    /// <safety>The pointer is used as a number only.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe ulong Sum(CheckedHeader* header, ulong serial, nuint length, ulong allocation) =>
        serial ^ BitOperations.RotateLeft(length, 19) ^ BitOperations.RotateLeft(allocation, 37) ^ (ulong)header;

    /// <summary>The part of the checksum for <see cref="Release"/>; 0 while that is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong OfRelease(ulong release) => BitOperations.RotateLeft(release, 53);

    /// <summary>The part of the checksum for <see cref="Mark"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong OfMark(ulong mark) => BitOperations.RotateLeft(mark, 11);

    /// <summary>Marks a live block as freed.</summary>
    /// <safety>The header is intact, and no other thread frees the block.</safety>
    public static unsafe void Retire(CheckedHeader* header, ulong release)
    {
        header->Release = release;
        header->Mark = FreedMark(header->Mark);
        header->Checksum = Sum(header);
    }
}
