using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>A pool of guarded pages: finds room for blocks, knows them by their addresses, and keeps freed ones untouchable for a while.</summary>
/// <remarks>A process has one pool of each kind. All members may be called from all threads.</remarks>
internal abstract class GuardedPool
{
    private static readonly UninterruptedLock s_listLock = new();
    private static GuardedPool[] s_all = [];
    private static long s_lastSerial;

    /// <summary>Protects the table, the queue of freed blocks, and the access rights of data pages.</summary>
    protected UninterruptedLock PoolLock { get; } = new();

    /// <summary>The live or freed block that starts at an address, and its pool; null if there is none.</summary>
    /// <safety>The record describes the block only until the block is freed, and later blocks have taken its place.</safety>
    public static unsafe GuardedBlock* Find(void* start, out GuardedPool? pool)
    {
        foreach (GuardedPool candidate in Volatile.Read(ref s_all))
        {
            GuardedBlock* block = candidate.FindOwn(start);
            if (block != null)
            {
                pool = candidate;
                return block;
            }
        }

        pool = null;
        return null;
    }

    /// <summary>A zeroed block; null if the pool has no room for it. <paramref name="guard"/> is the number of the guard that gives it out.</summary>
    /// <safety>The caller sets <see cref="GuardedBlock.AllocatedAt"/> and calls <see cref="Publish"/>. No other thread finds the block before.</safety>
    public unsafe GuardedBlock* TryTake(nuint byteCount, nuint alignment, int guard, string allocator)
    {
        GuardedBlock* block = TryPlace(byteCount, alignment);
        if (block != null)
        {
            block->ByteCount = byteCount;
            block->Alignment = (uint)nuint.Min(alignment, 1u << 31);
            block->Start = (block->DataStart + block->DataByteCount - byteCount) & ~((ulong)alignment - 1);
            block->Guard = guard;
            block->Shadow = 0;
            block->Serial = Interlocked.Increment(ref s_lastSerial);
            block->Thread = Environment.CurrentManagedThreadId;
            block->FreedByThread = 0;
            block->Allocator.Write(allocator);
            block->FreedAt.Write("");
            block->FillSlack();
        }

        return block;
    }

    /// <summary>Lets <see cref="Find"/> find a block.</summary>
    /// <safety>The record is from <see cref="TryTake"/>, and complete.</safety>
    public unsafe void Publish(GuardedBlock* block)
    {
        using UninterruptedLock.Scope scope = PoolLock.Enter();
        Add(block);
        SetState(block, GuardedBlock.Use.Live);
    }

    /// <summary>Marks a live block as freed, so that only the caller frees it; false if the block is not live any more.</summary>
    /// <safety><see cref="Find"/> has found the record at this start.</safety>
    public unsafe bool TryClaim(GuardedBlock* block, void* start)
    {
        using UninterruptedLock.Scope scope = PoolLock.Enter();
        if (block->State != GuardedBlock.Use.Live || block->Start != (ulong)start)
        {
            return false;
        }

        block->FreedByThread = Environment.CurrentManagedThreadId;
        SetState(block, GuardedBlock.Use.Freed);
        return true;
    }

    /// <summary>Makes a freed block untouchable for as long as the pool has room.</summary>
    /// <safety>The caller has claimed the block. No thread uses its data.</safety>
    public unsafe void Retire(GuardedBlock* block)
    {
        using UninterruptedLock.Scope scope = PoolLock.Enter();
        bool isSealed = block->DataByteCount == 0 || Seal(block);
        if (!isSealed)
        {
            _ = Host.Memory.Protect((void*)block->DataStart, (nuint)block->DataByteCount, isReadable: false, isWritable: false);
        }

        Enqueue(block, isSealed);
    }

    /// <summary>The records, which stay mapped for as long as the process lives.</summary>
    protected abstract Span<GuardedBlock> Records { get; }

    /// <summary>Finds data pages in an address range of their own; null if there are none.</summary>
    /// <returns>A record with the range and the data pages, which are zero.</returns>
    /// <safety>The record and its data pages are the caller's alone.</safety>
    protected abstract unsafe GuardedBlock* TryPlace(nuint byteCount, nuint alignment);

    /// <summary>The block of this pool that starts at an address; null if there is none.</summary>
    /// <inheritdoc cref="Find" path="/safety"/>
    protected abstract unsafe GuardedBlock* FindOwn(void* start);

    /// <summary>Adds a block to the table, if the pool has one. Inside the lock.</summary>
    /// <safety>The record is this pool's.</safety>
    protected virtual unsafe void Add(GuardedBlock* block)
    {
    }

    /// <summary>Makes the data of a freed block untouchable, and prepares its range for the next block. Inside the lock.</summary>
    /// <returns>False if the system refused; the data may still be touchable then.</returns>
    /// <safety>The record is this pool's. The block has data pages, which no thread uses.</safety>
    protected virtual unsafe bool Seal(GuardedBlock* block) =>
        Host.Memory.Decommit((void*)block->DataStart, (nuint)block->DataByteCount, PageKind.Ordinary);

    /// <summary>Adds a freed block, for which <see cref="Seal"/> returned <paramref name="isSealed"/>, at the end of the queue. Inside the lock.</summary>
    /// <safety>The record is this pool's, and no thread uses its data.</safety>
    protected abstract unsafe void Enqueue(GuardedBlock* block, bool isSealed);

    /// <summary>Changes the state of a record after all earlier changes of the record.</summary>
    /// <safety>The record is this pool's.</safety>
    protected static unsafe void SetState(GuardedBlock* block, GuardedBlock.Use state)
    {
        Interlocked.MemoryBarrier();
        block->State = state;
    }

    /// <summary>Makes a pool that <see cref="Find"/> searches; null if that fails for any reason, which is reported.</summary>
    protected static TPool? MakeOrNull<TPool>(Func<TPool?> make)
        where TPool : GuardedPool
    {
        try
        {
            if (make() is not { } pool)
            {
                NativeMemoryGuard.WarnOnce("blocks are not guarded, because there is no memory for the guards' data");
                return null;
            }

            using (s_listLock.Enter())
            {
                Volatile.Write(ref s_all, [.. s_all, pool]);
            }

            NativeMemoryGuard.AddCheck(pool.Check);
            return pool;
        }
        catch (Exception exception)
        {
            // This runs once, while the first block is allocated. An exception here would come again at each allocation.
            NativeMemoryGuard.WarnOnce($"blocks are not guarded, because the guards' data cannot be made: {exception.Message}");
            return null;
        }
    }

    /// <summary>Verifies the slack of all live blocks.</summary>
    private void Check()
    {
        List<NativeMemoryViolation> found = [];
        using (PoolLock.Enter())
        {
            foreach (ref GuardedBlock block in Records)
            {
                unsafe
                {
                    // SAFETY: the record names the start and the length of the block's pages. No thread frees a live block, or its pages, inside the lock.
                    if (block.State == GuardedBlock.Use.Live && block.RepairSlack() is { } kind)
                    {
                        found.Add(GuardFindings.Written(block, kind, "found while it is in use"));
                    }
                }
            }
        }

        found.ForEach(NativeMemoryGuard.Report);
    }
}
