using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Where guarded blocks are: finds room for them, knows them by their addresses, and keeps freed ones untouchable for a while.</summary>
/// <remarks>There is one of each kind in a process. All members may be called from all threads.</remarks>
internal abstract class GuardStore
{
    private static readonly UninterruptedLock s_listLock = new();
    private static GuardStore[] s_all = [];
    private static long s_lastSerial;

    /// <summary>All that are in use.</summary>
    public static ReadOnlySpan<GuardStore> All => Volatile.Read(ref s_all);

    /// <summary>Guards the table, the queue of freed blocks, and what can be touched.</summary>
    protected UninterruptedLock Gate { get; } = new();

    /// <summary>A block that is known, live or freed; null if none starts there.</summary>
    /// <safety>The record says what it says only until the block is freed, and other freed ones have taken its place.</safety>
    public static unsafe GuardedBlock* Find(void* start, out GuardStore? store)
    {
        foreach (GuardStore candidate in All)
        {
            GuardedBlock* block = candidate.FindOwn(start);
            if (block != null)
            {
                store = candidate;
                return block;
            }
        }

        store = null;
        return null;
    }

    /// <summary>A block, zeroed; null when there is no room for it here.</summary>
    /// <param name="byteCount">In bytes.</param>
    /// <param name="alignment">What the block starts at a multiple of: a power of two, in bytes.</param>
    /// <param name="guard">The number of the guard that gives it out.</param>
    /// <param name="allocator">The allocator, as the user knows it.</param>
    /// <safety>The caller sets <see cref="GuardedBlock.AllocatedAt"/> and calls <see cref="Publish"/>; nobody else knows the block yet.</safety>
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

    /// <summary>Makes a block known.</summary>
    /// <safety>The block is from <see cref="TryTake"/>, and only now complete.</safety>
    public unsafe void Publish(GuardedBlock* block)
    {
        using (Gate.Enter())
        {
            Add(block);
            SetState(block, GuardedBlockState.Live);
        }
    }

    /// <summary>Takes a live block for the caller to free; false if somebody else has.</summary>
    /// <safety>The record is one that <see cref="Find"/> found at this start.</safety>
    public unsafe bool TryClaim(GuardedBlock* block, void* start)
    {
        using (Gate.Enter())
        {
            if (block->State != GuardedBlockState.Live || block->Start != (ulong)start)
            {
                return false;
            }

            block->FreedByThread = Environment.CurrentManagedThreadId;
            SetState(block, GuardedBlockState.Freed);
            return true;
        }
    }

    /// <summary>Makes a freed block untouchable, and keeps it so for as long as there is room.</summary>
    /// <safety>The caller has claimed the block.</safety>
    public unsafe void Retire(GuardedBlock* block)
    {
        using (Gate.Enter())
        {
            bool isSealed = block->DataByteCount == 0 || Seal(block);
            if (!isSealed)
            {
                _ = Host.Memory.Protect((void*)block->DataStart, (nuint)block->DataByteCount, isReadable: false, isWritable: false);
            }

            Enqueue(block, isSealed);
        }
    }

    /// <summary>Looks at the slack of all live blocks.</summary>
    public void Check()
    {
        List<NativeMemoryViolation> found = [];
        using (Gate.Enter())
        {
            unsafe
            {
                // SAFETY: inside the lock, data of live blocks can be touched.
                for (GuardedBlock* block = First; block < First + Count; block++)
                {
                    if (block->State == GuardedBlockState.Live && block->RepairSlack() is { } kind)
                    {
                        found.Add(GuardWords.Written(block, kind, "found while it is in use"));
                    }
                }
            }
        }

        found.ForEach(NativeMemoryGuard.Report);
    }

    /// <summary>The records.</summary>
    /// <safety>They stay for as long as the process lives.</safety>
    protected abstract unsafe GuardedBlock* First { get; }

    /// <summary>How many records there are.</summary>
    protected abstract int Count { get; }

    /// <summary>Pages that can be touched, in a range of their own, and a record that says so; null when there are none.</summary>
    /// <safety>The pages are all zero, and the caller's.</safety>
    protected abstract unsafe GuardedBlock* TryPlace(nuint byteCount, nuint alignment);

    /// <summary>A block of this store's, by its start; null if there is none.</summary>
    /// <safety>As for <see cref="Find"/>.</safety>
    protected abstract unsafe GuardedBlock* FindOwn(void* start);

    /// <summary>Puts a block into the table. Inside the lock.</summary>
    /// <safety>The block is this store's.</safety>
    protected abstract unsafe void Add(GuardedBlock* block);

    /// <summary>Makes the data of a freed block untouchable, and prepares it for the next block in its place. Inside the lock.</summary>
    /// <returns>False when the system refused; the data may still be touchable then.</returns>
    /// <safety>The block is this store's. It has data, which no thread uses any more.</safety>
    protected virtual unsafe bool Seal(GuardedBlock* block) =>
        Host.Memory.Decommit((void*)block->DataStart, (nuint)block->DataByteCount, PageKind.Ordinary);

    /// <summary>Puts a freed block behind those that were freed before. Inside the lock.</summary>
    /// <param name="block">The block.</param>
    /// <param name="isSealed">Whether <see cref="Seal"/> succeeded.</param>
    /// <safety>The block is this store's, and nobody can touch it.</safety>
    protected abstract unsafe void Enqueue(GuardedBlock* block, bool isSealed);

    /// <summary>Lets <see cref="Find"/> find what is in a store.</summary>
    protected static void Use(GuardStore store)
    {
        using (s_listLock.Enter())
        {
            Volatile.Write(ref s_all, [.. s_all, store]);
        }

        NativeMemoryGuard.AddCheck(store.Check);
    }

    /// <summary>The last word about a record, behind all others.</summary>
    /// <safety>The block is this store's.</safety>
    protected static unsafe void SetState(GuardedBlock* block, GuardedBlockState state)
    {
        Interlocked.MemoryBarrier();
        block->State = state;
    }
}
