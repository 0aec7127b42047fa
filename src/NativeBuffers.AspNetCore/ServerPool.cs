using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.AspNetCore;

/// <summary>The pool of one owner, for example of one loop of the sockets: blocks of 4 KiB, last in, first out.</summary>
/// <remarks>
/// <para>A lock guards the list of free blocks. Kestrel makes a pool for each loop, so the lock is seldom contended. The order keeps the
/// blocks in use few, so the remaining ones can go back to the system.</para>
/// <para>If the limit leaves no room for a slab, the pool rents a free block of another pool.</para>
/// </remarks>
internal sealed class ServerPool(NativeServerMemory memory, string owner) : MemoryPool<byte>
{
    /// <summary>The size of a block, in bytes.</summary>
    public const int BlockByteCount = 4096;

    private readonly Lock _lock = new();
    private ServerBlock? _free;
    private int _freeCount;
    private int _blockCount;
    private int _leastFree;
    private int _leastFreeBefore;
    private bool _isDisposed;

    /// <summary>For metrics: the owner that the pool was made for.</summary>
    public string Owner { get; } = owner;

    /// <summary>The blocks that are rented, in bytes; a good guess while threads rent and return.</summary>
    public long RentedBytes => (long)(Volatile.Read(ref _blockCount) - Volatile.Read(ref _freeCount)) * BlockByteCount;

    /// <summary>The blocks that are kept, in bytes; a good guess while threads rent and return.</summary>
    public long KeptBytes => (long)Volatile.Read(ref _freeCount) * BlockByteCount;

    /// <summary>The largest buffer, in bytes: one block.</summary>
    public override int MaxBufferSize => BlockByteCount;

    /// <summary>Rents a block of 4,096 bytes, which may hold anything.</summary>
    /// <param name="minBufferSize">In bytes; -1 for any size.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is below -1, or larger than a block.</exception>
    /// <exception cref="OutOfMemoryException">The limit is reached, or memory is exhausted.</exception>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockByteCount);
        ArgumentOutOfRangeException.ThrowIfLessThan(minBufferSize, -1);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed), this);
        if ((TryTake() ?? (memory.HasRoomForSlab ? null : memory.TryTakeElsewhere(this))) is { } block)
        {
            return block;
        }

        try
        {
            return TakeFresh();
        }
        catch (OutOfMemoryException)
        {
            // Another thread has taken the room, or a reservation has. That thread's slab may have free blocks.
            if ((TryTake() ?? memory.TryTakeElsewhere(this)) is { } last)
            {
                return last;
            }

            memory.NoteRefusal();
            throw;
        }
    }

    /// <summary>A free block of this pool; null if there is none.</summary>
    public ServerBlock? TryTake()
    {
        using Lock.Scope scope = _lock.EnterScope();
        if (_free is not { } block)
        {
            return null;
        }

        _free = block.Next;
        _freeCount--;
        _leastFree = int.Min(_leastFree, _freeCount);
        block.Next = null;
        block.IsRented = true;
        block.Slab.FreeCount--;
        return block;
    }

    /// <summary>Takes a block back. A second return of one rental changes nothing, and is reported.</summary>
    public void Return(ServerBlock block)
    {
        bool isRented;
        ServerSlab? over = null;
        using (_lock.EnterScope())
        {
            isRented = block.IsRented;
            if (isRented)
            {
                over = Keep(block);
            }
        }

        over?.Free();
        if (!isRented)
        {
            // Outside the lock: the program's logger may rent.
            memory.NoteViolation(Owner);
        }
    }

    /// <summary>Called by the finalizer of a block: the rental was forgotten if the block is rented.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "A finalizer must not throw.")]
    public void TakeBackForgotten(ServerBlock block)
    {
        if (!block.IsRented)
        {
            return;
        }

        try
        {
            memory.NoteLeak(Owner);
            GC.ReRegisterForFinalize(block);
            Return(block);
        }
        catch (Exception)
        {
            // A finalizer must not throw, and the program's own logger may.
        }
    }

    /// <summary>Frees the slabs that were not needed for two periods. Call it once a period.</summary>
    /// <returns>The bytes that were freed.</returns>
    public long EvictIdle()
    {
        int idle;
        using (_lock.EnterScope())
        {
            idle = int.Min(_leastFree, _leastFreeBefore);
            _leastFreeBefore = _leastFree;
            _leastFree = _freeCount;
        }

        return Evict(idle);
    }

    /// <summary>Frees all slabs without a rented block.</summary>
    /// <returns>The bytes that were freed.</returns>
    public long Trim() => Evict(int.MaxValue);

    /// <summary>Frees all slabs, or lets each be freed when its last rental comes back.</summary>
    protected override void Dispose(bool disposing)
    {
        using (_lock.EnterScope())
        {
            Volatile.Write(ref _isDisposed, true);
        }

        Trim();
        memory.Remove(this);
    }

    /// <summary>A block of a new slab.</summary>
    private ServerBlock TakeFresh()
    {
        ServerBlock first = ServerSlab.Make(this, memory.AllocateSlab());
        ServerBlock? rest = first.Next;
        using (_lock.EnterScope())
        {
            _blockCount += first.Slab.Count;
            first.Next = null;
            first.IsRented = true;
            while (rest is { } block)
            {
                rest = block.Next;
                Push(block);
            }
        }

        // A pool that was disposed in between gives the slab back when its only rental ends.
        return first;
    }

    /// <summary>Puts a block to the free ones. If it was the last one of a disposed pool's slab, returns the slab, which must be freed.</summary>
    private ServerSlab? Keep(ServerBlock block)
    {
        Push(block);
        if (!_isDisposed || !block.Slab.IsFree)
        {
            return null;
        }

        RemoveBlocks([block.Slab]);
        return block.Slab;
    }

    private void Push(ServerBlock block)
    {
        block.IsRented = false;
        block.Next = _free;
        block.Slab.FreeCount++;
        _free = block;
        _freeCount++;
    }

    /// <summary>Frees slabs without a rented block, of at most <paramref name="most"/> blocks together.</summary>
    private long Evict(int most)
    {
        if (most <= 0)
        {
            return 0;
        }

        HashSet<ServerSlab> over = [];
        using (_lock.EnterScope())
        {
            for (ServerBlock? block = _free; block is not null; block = block.Next)
            {
                if (block.Slab.IsFree && block.Slab.Count <= most && over.Add(block.Slab))
                {
                    most -= block.Slab.Count;
                }
            }

            RemoveBlocks(over);
        }

        long byteCount = 0;
        foreach (ServerSlab slab in over)
        {
            slab.Free();
            byteCount += (long)slab.Count * BlockByteCount;
        }

        return byteCount;
    }

    /// <summary>Takes the blocks of slabs out of the list. The blocks of the fullest slabs come first then, so that the emptiest can be freed.</summary>
    private void RemoveBlocks(HashSet<ServerSlab> over)
    {
        if (over.Count == 0)
        {
            return;
        }

        List<ServerBlock> kept = [];
        for (ServerBlock? block = _free; block is not null; block = block.Next)
        {
            if (over.Contains(block.Slab))
            {
                GC.SuppressFinalize(block);
                _freeCount--;
                _blockCount--;
            }
            else
            {
                kept.Add(block);
            }
        }

        _free = null;
        foreach (ServerBlock block in kept.OrderByDescending(static block => block.Slab.FreeCount))
        {
            block.Next = _free;
            _free = block;
        }

        _leastFree = int.Min(_leastFree, _freeCount);
        _leastFreeBefore = int.Min(_leastFreeBefore, _freeCount);
    }
}
