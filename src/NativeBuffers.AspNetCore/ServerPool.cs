using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.AspNetCore;

/// <summary>The pool of one owner, for example of one loop of the sockets: blocks of 4 KiB, of few slabs.</summary>
/// <remarks>
/// <para>Rentals come from one slab, the <em>hot</em> one, while it has free blocks. So the remaining slabs become free, and can go back to the
/// system. A lock guards the list of slabs with free blocks. A rental takes it only when the hot slab has no free block.</para>
/// <para>If the limit leaves no room for a slab, the pool rents a free block of another pool.</para>
/// </remarks>
internal sealed class ServerPool(NativeServerMemory memory, string owner) : MemoryPool<byte>
{
    /// <summary>The size of a block, in bytes.</summary>
    public const int BlockByteCount = 4096;

    /// <summary>Slabs without a rental for this number of periods are freed.</summary>
    private const int IdlePeriods = 2;

    private readonly Lock _lock = new();
    private readonly List<ServerSlab> _slabs = [];

    /// <summary>Slabs with free blocks; some may have none any more. The hot one is not always among them.</summary>
    private readonly Stack<ServerSlab> _open = [];

    private ServerSlab? _hot;
    private bool _isDisposed;

    /// <summary>For metrics: the owner that the pool was made for.</summary>
    public string Owner { get; } = owner;

    /// <summary>The blocks that are rented, in bytes; a good guess while threads rent and return.</summary>
    public long RentedBytes => Sum(static slab => slab.ByteCount - slab.FreeByteCount);

    /// <summary>The blocks that are kept, in bytes; a good guess while threads rent and return.</summary>
    public long KeptBytes => Sum(static slab => slab.FreeByteCount);

    /// <summary>The largest buffer, in bytes: one block.</summary>
    public override int MaxBufferSize => BlockByteCount;

    /// <summary>Rents a block of 4,096 bytes, which may hold anything.</summary>
    /// <param name="minBufferSize">In bytes; -1 for any size.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is below -1, or larger than a block.</exception>
    /// <exception cref="OutOfMemoryException">The limit is reached, or memory is exhausted.</exception>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) =>
        minBufferSize is >= -1 and <= BlockByteCount && Volatile.Read(ref _hot)?.TryTake() is { } block ? block : RentSlowly(minBufferSize);

    /// <summary>A free block of this pool; null if there is none.</summary>
    public ServerBlock? TryTake() => Volatile.Read(ref _hot)?.TryTake() ?? TakeOfOpen();

    /// <summary>Takes a block back. A second return of one rental changes nothing, and is reported.</summary>
    public void Return(ServerBlock block)
    {
        ServerSlab.ReturnOutcome outcome = block.Slab.Return(block);
        if (outcome != ServerSlab.ReturnOutcome.Kept)
        {
            EndReturn(block.Slab, outcome);
        }
    }

    /// <summary>Called by the finalizer of a block: the rental was forgotten if the block is rented.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "A finalizer must not throw.")]
    public void TakeBackForgotten(ServerBlock block)
    {
        if (!block.Slab.IsRented(block))
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
        using (_lock.EnterScope())
        {
            _slabs.ForEach(static slab => slab.EndPeriod());
        }

        return Evict(IdlePeriods);
    }

    /// <summary>Frees all slabs without a rented block.</summary>
    /// <returns>The bytes that were freed.</returns>
    public long Trim() => Evict(idlePeriods: 0);

    /// <summary>Frees all slabs, or lets each be freed when its last rental comes back.</summary>
    protected override void Dispose(bool disposing)
    {
        using (_lock.EnterScope())
        {
            _isDisposed = true;
            _hot = null;
        }

        Trim();
        memory.Remove(this);
    }

    private ServerBlock RentSlowly(int minBufferSize)
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

    /// <summary>A block of the slabs that are open, the first of which becomes hot; null if there is none.</summary>
    private ServerBlock? TakeOfOpen()
    {
        using Lock.Scope scope = _lock.EnterScope();

        // Perhaps another thread has made a slab hot while this one waited for the lock.
        if (_hot?.TryTake() is { } first)
        {
            return first;
        }

        while (!_isDisposed && _open.TryPop(out ServerSlab? slab))
        {
            slab.IsListed = false;

            // A thread that returns a block now either sees that the slab is not listed, or this thread sees its block.
            Interlocked.MemoryBarrier();
            if (slab.TryTake() is { } block)
            {
                MakeHot(slab);
                return block;
            }
        }

        return null;
    }

    /// <summary>A block of a new slab.</summary>
    private ServerBlock TakeFresh()
    {
        var slab = new ServerSlab(this, memory.AllocateSlab(), out ServerBlock first);
        using (_lock.EnterScope())
        {
            _slabs.Add(slab);
            if (!_isDisposed)
            {
                MakeHot(slab);
            }
        }

        // A pool that was disposed in between gives the slab back when its only rental ends.
        return first;
    }

    /// <summary>Lets the next rentals come from a slab. Called under the lock.</summary>
    private void MakeHot(ServerSlab slab)
    {
        ServerSlab? before = _hot;
        Volatile.Write(ref _hot, slab);
        if (before is not null && before != slab)
        {
            List(before);
        }
    }

    /// <summary>Lists a slab if it has free blocks. Called under the lock.</summary>
    private void List(ServerSlab slab)
    {
        if (!slab.IsListed && slab.FreeCount != 0)
        {
            _open.Push(slab);
            slab.IsListed = true;
        }
    }

    /// <summary>The rare part of a return.</summary>
    private void EndReturn(ServerSlab slab, ServerSlab.ReturnOutcome outcome)
    {
        if (outcome == ServerSlab.ReturnOutcome.Repeated)
        {
            // Outside the lock: the program's logger may rent.
            memory.NoteViolation(Owner);
        }
        else if (Volatile.Read(ref _isDisposed))
        {
            Trim();
        }
        else if (outcome == ServerSlab.ReturnOutcome.First && !slab.IsListed)
        {
            using Lock.Scope scope = _lock.EnterScope();
            List(slab);
        }
    }

    /// <summary>Frees the slabs without a rented block that were not used for a number of periods.</summary>
    private long Evict(int idlePeriods)
    {
        List<ServerSlab> over = [];
        using (_lock.EnterScope())
        {
            over = _slabs.FindAll(slab => slab.IdlePeriods >= idlePeriods && slab.TryRemove());
            if (over.Count != 0)
            {
                Forget(over);
            }
        }

        over.ForEach(static slab => slab.Free());
        return over.Sum(static slab => slab.ByteCount);
    }

    /// <summary>Lets removed slabs go. Of the remaining ones, those with the fewest free blocks come first then, so that the emptiest become free.</summary>
    private void Forget(List<ServerSlab> removed)
    {
        // All memory first. If there is none, the next pass finds the removed slabs again.
        HashSet<ServerSlab> gone = [.. removed];
        ServerSlab[] left = [.. _slabs.Where(slab => !gone.Contains(slab)).OrderByDescending(static slab => slab.FreeCount)];
        _open.EnsureCapacity(left.Length);
        _slabs.Clear();
        _slabs.AddRange(left);
        _open.Clear();
        _hot = null;
        if (_isDisposed)
        {
            return;
        }

        foreach (ServerSlab slab in left)
        {
            slab.IsListed = false;
            Interlocked.MemoryBarrier();
            List(slab);
        }
    }

    private long Sum(Func<ServerSlab, long> figure)
    {
        using Lock.Scope scope = _lock.EnterScope();
        return _slabs.Sum(figure);
    }
}
