using NativeBuffers.Arenas;
using NativeBuffers.Blocks.Cache;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks;

/// <summary>What is known of one block: where it is, whose it is, and how often it has changed hands.</summary>
/// <remarks>
/// <para>Slots live outside the blocks they describe, in memory that is never unmapped, so a stale copy of a buffer may
/// always look at its slot. It finds another <see cref="Generation"/> there and knows that it owns nothing.</para>
/// <para>A generation only grows. It has 61 bits above the three of its <see cref="SlotState"/>, and begins with a
/// <see cref="FirstGeneration"/>. The highest bit stays 0: one return a nanosecond would set it after 13 years, so no slot needs to
/// be retired.</para>
/// <para>One slot is one cache line: two threads never write to the same one.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct Slot
{
    /// <summary>What one generation adds to <see cref="Generation"/>.</summary>
    public const ulong Step = 8;

    /// <summary>
    /// How many pins a block may have. A thread that tries to add one more counts it for a moment. The count could wrap only if far more
    /// threads than a process can have tried at once.
    /// </summary>
    public const int MostPins = 1 << 30;

    /// <summary>
    /// The number of the generation, times <see cref="Step"/>, and its <see cref="SlotState"/>. Moves on each time the
    /// block leaves its user. While the block is scoped or free, only the thread that holds the slot writes it.
    /// </summary>
    public ulong Generation;

    /// <summary>
    /// The next one in a list of slots without blocks. Behind the generation: while the slot is in a scope's use, these two
    /// words are its user's gate (see <c>ArenaGate</c>). While the slot is held: see <see cref="Exclusion"/>.
    /// </summary>
    public unsafe Slot* Next;

    /// <summary>The block's first byte.</summary>
    public unsafe byte* Start;

    /// <summary>The bin that takes the block back; null in magazines, and while there is no block.</summary>
    public unsafe Bin* Home;

    /// <summary>The block's size in bytes, at least what its user asked for.</summary>
    public nuint ByteCount;

    /// <summary>
    /// For <see cref="SlotKind.Foreign"/>: a handle to the <see cref="NativeAllocator"/> that frees the block. For a slot in a
    /// <see cref="RemoteFrees"/>, which is never foreign: the one under it. Not <see cref="Next"/>, because a slot that two
    /// threads gave back at once lies there while it is in use.
    /// </summary>
    public nint Allocator;

    /// <summary>
    /// A weak handle to the object whose finalizer sees that the block's holder was abandoned; 0 when there is none. The
    /// object is <see cref="IDisposable"/>: disposed when the slot loses it.
    /// </summary>
    public nint Cleaner;

    /// <summary>How many pins keep the block where it is, at most <see cref="MostPins"/>. Atomic operations only.</summary>
    public int Pins;

    /// <summary>How many slots lie under this one in its <see cref="RemoteFrees"/>, at most 255; no longer true once taken from there.</summary>
    public byte QueueDepth;

    /// <summary>How many loans in a row have stayed on the home's thread, at most 255: what the next one is expected to do.</summary>
    public byte LoansAtHome;

    /// <summary>Who frees the block.</summary>
    public SlotKind Kind;

    /// <summary>1 while in a <see cref="RemoteFrees"/>. Atomic operations only.</summary>
    public byte IsQueued;

    /// <summary>
    /// The number of the <see cref="AllocationSite"/> that asked for the block, while a scoped buffer of a watched process has the slot; 0 if no
    /// site was noted. It is stored in <see cref="Next"/> as an odd number, which is never the address of a slot.
    /// </summary>
    public unsafe int AllocationSiteId
    {
        readonly get => ((nint)Next & 1) != 0 ? (int)((nint)Next >> 1) : 0;
        set => Next = (Slot*)(((nint)value << 1) | 1);
    }

    /// <summary>The block that this slot describes.</summary>
    /// <safety>The slot has a block.</safety>
    public readonly unsafe Block Block => new(Start, ByteCount);

    /// <summary>The generation that a slot begins with: far from zero, and from the generations of all other slots.</summary>
    /// <remarks>
    /// <para>A value in a field has a slot and a generation. If one thread reads the field while another thread stores there, it may get the
    /// slot of one value and the generation of the other, or the generation 0 of <c>default</c>. Such a pair must not look like a loan of
    /// the slot.</para>
    /// <para>Multiples of the golden ratio lie far apart, however many there are (Knuth, volume 3, 6.4). The first generations of n slots
    /// are at least 2^57/n loans apart, and at least 2^57 loans away from zero.</para>
    /// </remarks>
    /// <param name="number">How many slots were made before this one.</param>
    public static ulong FirstGeneration(ulong number)
    {
        const ulong GoldenRatio = 0x9E3779B97F4A7C15;
        const ulong Least = 1UL << 60;
        return Least + (((number * GoldenRatio) >> 2) & ~(Step - 1));
    }

    /// <summary>The state that a value of <see cref="Generation"/> tells.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SlotState StateOf(ulong generation) => (SlotState)(generation & (Step - 1));

    /// <summary>The same generation in another state.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong With(ulong generation, SlotState state) => (generation & ~(Step - 1)) | (ulong)state;

    /// <summary>The generation after this one, in the state of a block that is free or scoped.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong After(ulong generation) => (generation | (Step - 1)) + 1;
}
