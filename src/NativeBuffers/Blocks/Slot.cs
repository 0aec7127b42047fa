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
/// <para>One slot is one cache line: two threads never write to the same one.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct Slot
{
    /// <summary>
    /// How many pins a block may have. A thread that tries to add one more counts it for a moment. The count could wrap only if far more
    /// threads than a process can have tried at once.
    /// </summary>
    public const int MostPins = 1 << 30;

    /// <summary>The present use of the slot. While the block is scoped or free, only the thread that has the slot writes it.</summary>
    public Generation Generation;

    /// <summary>
    /// The next one in a list of slots without blocks. Behind the generation: while the slot is in a scope's use, these two
    /// words are its user's gate (see <c>ArenaGenerations</c>). While the slot is held: see <see cref="Exclusion"/>.
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

    /// <summary>Counts a loan that has stayed on the home's thread: see <see cref="LoansAtHome"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void CountLoanAtHome()
    {
        if (LoansAtHome != byte.MaxValue)
        {
            LoansAtHome++;
        }
    }

    /// <summary>The block that this slot describes.</summary>
    /// <safety>The slot has a block.</safety>
    public readonly unsafe Block Block => new(Start, ByteCount);

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
}
