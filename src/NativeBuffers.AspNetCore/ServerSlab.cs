using System.Numerics;

namespace NativeBuffers.AspNetCore;

/// <summary>A piece of an array that is divided into blocks of one pool, and allocated and freed as a whole.</summary>
/// <remarks>
/// <para>One word says which blocks are free. A rental and a return change it by one compare-and-swap each. So exactly one of two
/// returns of a rental succeeds, on any threads, until the block is rented again.</para>
/// <para>The slab refers to its free blocks only: a forgotten rental must become unreachable.</para>
/// </remarks>
internal sealed class ServerSlab
{
    /// <summary>The most blocks: each has a bit.</summary>
    public const int MostBlocks = 32;

    /// <summary>The bit of a slab that was removed. The bits of all its blocks remain set, so a late return of one is found.</summary>
    private const ulong Removed = 1UL << 63;

    private readonly NativeMemoryOwner<byte> _owner;
    private readonly ServerBlock?[] _blocks;
    private readonly ulong _all;

    /// <summary>A bit for each free block.</summary>
    private ulong _free;

    private bool _isUsed = true;

    /// <summary>Makes a slab. Its first block is rented, and <paramref name="first"/> is that rental.</summary>
    /// <param name="pool">The pool that rents the blocks.</param>
    /// <param name="owner">The memory, which belongs to the slab from now on.</param>
    /// <param name="first">The first block.</param>
    public ServerSlab(ServerPool pool, NativeMemoryOwner<byte> owner, out ServerBlock first)
    {
        Pool = pool;
        _owner = owner;
        _blocks = new ServerBlock?[(int)(owner.Length / ServerPool.BlockByteCount)];
        _all = (1UL << _blocks.Length) - 1;
        Memory<byte> memory = owner.Memory;
        for (int i = 0; i < _blocks.Length; i++)
        {
            _blocks[i] = new ServerBlock(this, i, memory.Slice(i * ServerPool.BlockByteCount, ServerPool.BlockByteCount));
        }

        first = _blocks[0]!;
        _blocks[0] = null;
        _free = _all ^ 1;
    }

    public ServerPool Pool { get; }

    /// <summary>The size of all blocks, in bytes.</summary>
    public long ByteCount => (long)_blocks.Length * ServerPool.BlockByteCount;

    /// <summary>The number of free blocks; a good guess while threads rent and return.</summary>
    public int FreeCount => BitOperations.PopCount(Volatile.Read(ref _free) & _all);

    /// <summary>The size of the free blocks, in bytes; a good guess while threads rent and return.</summary>
    public long FreeByteCount => (long)FreeCount * ServerPool.BlockByteCount;

    /// <summary>Whether the pool has the slab among those with free blocks. Its lock guards the writes.</summary>
    public bool IsListed
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, value);
    }

    /// <summary>The periods that have passed without a rental. Only the eviction uses it.</summary>
    public int IdlePeriods { get; private set; }

    /// <summary>Takes a free block; null if there is none, or if the slab was removed.</summary>
    public ServerBlock? TryTake()
    {
        ulong free = Volatile.Read(ref _free);
        while (free is not 0 and < Removed)
        {
            ulong seen = Interlocked.CompareExchange(ref _free, free & (free - 1), free);
            if (seen == free)
            {
                int index = BitOperations.TrailingZeroCount(free);
                ServerBlock? block = _blocks[index];
                _blocks[index] = null;
                _isUsed = true;
                if (block is not null)
                {
                    return block;
                }

                // A rental was returned twice, and another one came in between: that thread has the block.
                seen = Volatile.Read(ref _free);
            }

            free = seen;
        }

        return null;
    }

    /// <summary>Takes a block back.</summary>
    /// <returns>What the pool must do.</returns>
    public ReturnOutcome Return(ServerBlock block)
    {
        ulong bit = 1UL << block.Index;
        ulong free = Volatile.Read(ref _free);
        while ((free & bit) == 0)
        {
            // Another thread takes the block only after it has seen the bit.
            _blocks[block.Index] = block;
            ulong seen = Interlocked.CompareExchange(ref _free, free | bit, free);
            if (seen == free)
            {
                return free == 0 ? ReturnOutcome.First : (free | bit) == _all ? ReturnOutcome.Last : ReturnOutcome.Kept;
            }

            free = seen;
        }

        return ReturnOutcome.Repeated;
    }

    /// <summary>Whether the block is rented.</summary>
    public bool IsRented(ServerBlock block) => (Volatile.Read(ref _free) & (1UL << block.Index)) == 0;

    /// <summary>Counts a period of the eviction.</summary>
    public void EndPeriod()
    {
        IdlePeriods = _isUsed || Volatile.Read(ref _free) != _all ? 0 : IdlePeriods + 1;
        _isUsed = false;
    }

    /// <summary>If all blocks are free, ends their use: no block is taken any more. Next: <see cref="Free"/>.</summary>
    /// <returns>Whether the slab is removed, perhaps by an earlier call that found no memory to go on.</returns>
    public bool TryRemove() => (Interlocked.CompareExchange(ref _free, _all | Removed, _all) | Removed) == (_all | Removed);

    /// <summary>Gives the pages to the system, and lets the array go. The slab was removed.</summary>
    public void Free()
    {
        foreach (ServerBlock block in _blocks.OfType<ServerBlock>())
        {
            GC.SuppressFinalize(block);
        }

        // If the whole pool was forgotten, the finalizer of the memory may run first.
        if (!_owner.IsDisposed)
        {
            IdlePages.Discard(_owner);
            _owner.Dispose();
        }
    }

    /// <summary>What a return has found.</summary>
    public enum ReturnOutcome
    {
        /// <summary>Some blocks of the slab are free, and others are rented.</summary>
        Kept,

        /// <summary>The block is the only free one.</summary>
        First,

        /// <summary>All blocks are free now.</summary>
        Last,

        /// <summary>The block was returned before. Nothing has changed.</summary>
        Repeated,
    }
}
