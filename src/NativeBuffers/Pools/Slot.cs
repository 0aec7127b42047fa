using System.Runtime.InteropServices;
using NativeBuffers.Raw;

namespace NativeBuffers.Pools;

/// <summary>What is known of one block: where it is, whose it is, and how often it has changed hands.</summary>
/// <remarks>
/// <para>Slots live outside the blocks they describe, in memory that is never unmapped, so a stale copy of a buffer may
/// always look at its slot. It finds another <see cref="Generation"/> there and knows that it owns nothing.</para>
/// <para>A generation only grows. It has 64 bits: at one return a nanosecond it would wrap after 584 years, so no slot
/// needs to be retired.</para>
/// <para>One slot is one cache line: two threads never write to the same one.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct Slot
{
    /// <summary>Grows each time the block leaves its user; written only by the thread that holds the slot.</summary>
    public ulong Generation;

    /// <summary>The block's first byte.</summary>
    public unsafe byte* Start;

    /// <summary>The magazine that takes the block back; null in bundles, and while there is no block.</summary>
    public unsafe Magazine* Home;

    /// <summary>The next one in a list of slots without blocks.</summary>
    public unsafe Slot* Next;

    /// <summary>The block's size in bytes, at least what its user asked for.</summary>
    public nuint ByteCount;

    /// <summary>For <see cref="SlotKind.Foreign"/>: a handle to the <see cref="NativeAllocator"/> that frees the block.</summary>
    public nint Allocator;

    /// <summary>Who frees the block.</summary>
    public SlotKind Kind;

    /// <summary>The block that this slot describes.</summary>
    /// <safety>The slot has a block.</safety>
    public readonly unsafe Block Block => new(Start, ByteCount);
}
