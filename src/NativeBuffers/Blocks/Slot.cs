using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks;

/// <summary>The description of one block: its place, its home, and its generation.</summary>
/// <remarks>
/// <para>Slots live outside the blocks that they describe, in memory that is never unmapped. So a stale copy of a buffer may
/// always look at its slot. It finds another <see cref="Generation"/> there, which shows that it owns nothing; 0 if the slot's slab is
/// discarded (<see cref="SlotSlab"/>).</para>
/// <para>A slot fills one cache line, so threads that write to different slots never write to the same line.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct Slot
{
    /// <summary>
    /// The most pins of a block. A thread that tries to add one more counts it for a moment. The count could wrap only if a billion
    /// threads tried at once, and no process can have that many.
    /// </summary>
    public const int MostPins = 1 << 30;

    /// <summary>The present use of the slot. While the block is scoped or free, only the thread that has the slot writes it.</summary>
    public Generation Generation;

    /// <summary>A word that has one meaning at a time.</summary>
    /// <remarks>
    /// The values of the five meanings differ, so a thread that looks too late at a slot finds no value of its own kind:
    /// <code>
    /// the slot is                      the word is                              recognised by
    /// without a block                  the next slot of a list, or null         a multiple of 64
    /// free in a bin of a pool, at      the generation then                      a multiple of 8, at least 2^60
    ///   the last full collection
    /// scoped, in an instrumented       the number of the allocation site        odd, highest bit 0
    ///   process
    /// scoped, first block of an arena  the complement of the generation         highest bit 1
    ///                                  of the arena: see ArenaGenerations
    /// exclusive in this generation,    the generation, as a request to close:   even, state exclusive (no request)
    ///   now or before                  see <see cref="Exclusion"/>              or close pending (request)
    /// </code>
    /// </remarks>
    public ulong Note;

    /// <summary>The block's first byte.</summary>
    public unsafe byte* Start;

    /// <summary>The bin that takes the block back; null in magazines, and while there is no block.</summary>
    public unsafe Bin* Home;

    /// <summary>The block's size in bytes, at least the size that its user asked for.</summary>
    public nuint ByteCount;

    /// <summary>
    /// For <see cref="SlotKind.Foreign"/>: a handle to the <see cref="NativeAllocator"/> that frees the block.
    /// </summary>
    public nint Allocator;

    /// <summary>
    /// A weak handle to the cleaner, whose finalizer frees the block of a forgotten owner; 0 when there is none. The
    /// cleaner is disposed when the slot loses it.
    /// </summary>
    public nint Cleaner;

    /// <summary>A byte without a meaning. A thread that is about to take many slots writes here first, which fetches their cache lines.</summary>
    public byte Touched;

    /// <summary>The number of uses in a row that stayed on the home's thread, at most 255: a forecast for the next use.</summary>
    public byte UsesAtHome;

    /// <summary>The source of the block, which also frees it.</summary>
    public SlotKind Kind;

    /// <summary>The number of owners that have used the slot since it last had a cleaner: see <c>Cleaner.OfReused</c>.</summary>
    public byte UsesWithoutCleaner;

    /// <summary>The block that this slot describes.</summary>
    /// <safety>The slot has a block.</safety>
    public readonly unsafe Block Block => new(Start, ByteCount);

    /// <summary>The next slot in a list of slots without blocks.</summary>
    /// <safety>The slot has no block.</safety>
    public unsafe Slot* Next
    {
        readonly get => (Slot*)Note;
        set => Note = (ulong)value;
    }

    /// <summary>The number of the allocation site of a scoped buffer in an instrumented process; 0 if no site was noted.</summary>
    public int SiteId
    {
        readonly get => (Note & 1) != 0 ? (int)(Note >> 1) : 0;
        set => Note = ((ulong)value << 1) | 1;
    }

    /// <summary>Reads the generation, which another thread may write; no later access moves before the read.</summary>
    public readonly Generation ReadGeneration() => new(Volatile.Read(in Generation.Value));

    /// <summary>Writes the generation, which another thread may read; no earlier access moves after the write.</summary>
    public void WriteGeneration(Generation next) => Volatile.Write(ref Generation.Value, next.Value);

    /// <summary>Moves the slot from one generation to another by a compare-and-swap; false if it was not <paramref name="from"/>.</summary>
    public bool TryMove(Generation from, Generation to) =>
        Interlocked.CompareExchange(ref Generation.Value, to.Value, from.Value) == from.Value;

    /// <summary>Moves the slot from one state to another by a compare-and-swap; false if it was not in that state.</summary>
    /// <param name="opened">The generation, in the state <see cref="SlotState.Open"/>.</param>
    /// <param name="from">The state before.</param>
    /// <param name="to">The state after.</param>
    public bool TryMove(Generation opened, SlotState from, SlotState to) =>
        TryMove(opened.Moved(SlotState.Open, from), opened.Moved(SlotState.Open, to));

    /// <summary>Notes that a use ended on the thread of the slot's home.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StayedAtHome()
    {
        if (UsesAtHome != byte.MaxValue)
        {
            UsesAtHome++;
        }
    }

    /// <summary>Notes that another thread than the home's uses the slot, or ends its use.</summary>
    public void LeftHome() => UsesAtHome = 0;
}
