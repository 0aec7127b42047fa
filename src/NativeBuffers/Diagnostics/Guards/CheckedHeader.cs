using System.Numerics;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>What stands in front of each checked block: one cache line that ends where the user's bytes start.</summary>
/// <remarks>
/// The checksum covers the other words and the block's address. Each word counts rotated by a number of its own: so a change
/// of one word always shows, and a header that was copied elsewhere with its block does, too. Multiplying each with a factor
/// would mix them better, and took 2 ns of 24; what it would find more are changes of several words that happen to cancel out.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = ByteCount)]
internal struct CheckedHeader
{
    /// <summary>In bytes.</summary>
    public const int ByteCount = 64;

    /// <summary>The start of <see cref="Mark"/> while the block is in use.</summary>
    private const ulong Live = 0xA11C_0000_0000_0000;

    /// <summary>The start of <see cref="Mark"/> once it was given back.</summary>
    private const ulong Freed = 0xF4EE_0000_0000_0000;

    private const ulong StateBits = 0xFFFF_0000_0000_0000;

    private const ulong RingBit = 0x0000_8000_0000_0000;

    public ulong Checksum;

    /// <summary>Different for each block that a guard gave out.</summary>
    public ulong Serial;

    /// <summary>What was asked for, in bytes.</summary>
    public nuint Length;

    /// <summary>The number of the site at which it was asked for; above, the thread.</summary>
    public ulong Allocation;

    /// <summary>The number of the site at which it was given back; above, the thread. 0 while in use.</summary>
    public ulong Release;

    /// <summary>The state, whether it belongs into rings, the alignment's power of two, and the allocator's number.</summary>
    public ulong Mark;

    /// <summary>With the next: the red zone in front of the user's bytes.</summary>
    public ulong FirstZone;

    public ulong SecondZone;

    public readonly bool IsLive => (Mark & StateBits) == Live;

    public readonly bool IsFreed => (Mark & StateBits) == Freed;

    public readonly bool IsRinged => (Mark & RingBit) != 0;

    public readonly int AllocatorId => (int)(uint)Mark;

    /// <summary>What the block was aligned to, in bytes.</summary>
    public readonly nuint Alignment => (nuint)1 << (int)((Mark >> 32) & 63);

    public readonly bool HasZone => FirstZone == CheckedFill.ForbiddenWord && SecondZone == CheckedFill.ForbiddenWord;

    /// <summary>Whether this was a header once, although the checksum is wrong.</summary>
    public readonly bool LooksLikeOne => IsLive || IsFreed || HasZone;

    public static ulong LiveMark(int allocatorId, bool isRinged, nuint alignment) =>
        Live | (isRinged ? RingBit : 0) | ((ulong)nuint.Log2(alignment) << 32) | (uint)allocatorId;

    /// <summary>The same once it was given back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong FreedMark(ulong mark) => (mark & ~StateBits) | Freed;

    /// <summary>The header of a block.</summary>
    /// <safety>Follow it only if there is a header.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe CheckedHeader* Of(void* block) => (CheckedHeader*)block - 1;

    /// <summary>What <see cref="Checksum"/> must be.</summary>
    /// <safety>The header can be read.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe ulong Sum(CheckedHeader* header) =>
        Sum(header, header->Serial, header->Length, header->Allocation) ^ OfRelease(header->Release) ^ OfMark(header->Mark);

    /// <summary>The part that stays the same while the block is in use and after that.</summary>
    /// <safety>Only the address is read.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe ulong Sum(CheckedHeader* header, ulong serial, nuint length, ulong allocation) =>
        serial ^ BitOperations.RotateLeft(length, 19) ^ BitOperations.RotateLeft(allocation, 37) ^ (ulong)header;

    /// <summary>The part of <see cref="Release"/>: nothing while it is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong OfRelease(ulong release) => BitOperations.RotateLeft(release, 53);

    /// <summary>The part of <see cref="Mark"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong OfMark(ulong mark) => BitOperations.RotateLeft(mark, 11);
}
