using NativeBuffers.Allocation;
using NativeBuffers.Allocation.Budgets;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Puts red zones around the blocks of another allocator, fills blocks with patterns, and keeps freed blocks in a quarantine.</summary>
/// <remarks>
/// <para>The design is AddressSanitizer's, without its instructions at each access. A block lies between a <see cref="CheckedHeader"/>,
/// which ends with a red zone, and a rear red zone (<see cref="RedZones"/>). The guard verifies all of this when the block is freed, and
/// when it leaves the quarantine. A damaged block is leaked: the guard neither uses it again nor gives it to the inner allocator, whose
/// own data beside the block may be damaged too.</para>
/// <para>A freed block waits in one of two places. Small blocks of allocators that live forever wait in a
/// <see cref="ThreadQuarantine"/>, which needs no lock. All other blocks wait in the <see cref="SharedQuarantine"/>, if there is one.</para>
/// </remarks>
internal sealed class CheckedAllocator : WrappingAllocator
{
    private static readonly UninterruptedLock s_lock = new();
    private static readonly List<string> s_names = [];
    private static ulong s_serial;

    private readonly int _id;

    /// <summary>The largest alignment of small blocks, in bytes; 0 if there are none: the inner allocator can be collected, or has arrays.</summary>
    private readonly nuint _smallAlignment;

    /// <summary>The <see cref="CheckedHeader.Mark"/> of live small blocks.</summary>
    private readonly ulong _smallMark;

    /// <summary>Lists and keeps all blocks that are not small; null if freed blocks go back to the inner allocator at once.</summary>
    private readonly SharedQuarantine? _quarantine;

    /// <summary>The quarantine that is emptied when the inner allocator has refused; null if a refusal is final.</summary>
    private readonly SharedQuarantine? _emptied;

    /// <summary>Finds overlaps of the inner allocator's blocks; null if the library's own functions allocate.</summary>
    private readonly BlockRanges? _ranges;

    public CheckedAllocator(NativeAllocator inner, bool isAmbient)
        : base("Checked", inner, isAmbient ? AllocatorLayers.ProcessGuard : AllocatorLayers.Guard)
    {
        LivesForever = inner.LivesForever;
        using (s_lock.Enter())
        {
            // Interned, because budgets of one name may come and go.
            _id = s_names.Count;
            s_names.Add(string.Intern(Name));
        }

        _smallAlignment = inner.LivesForever && !inner.HasArrays && inner.BlockAlignment <= CheckedHeader.ByteCount ? inner.BlockAlignment : 0;
        _smallMark = CheckedHeader.LiveMark(_id, isSmall: true, BlockAlignment);
        _quarantine = SharedQuarantine.For(inner, isAmbient);
        _emptied = FailsOnPurpose(inner) ? null : _quarantine;
        _ranges = BlockRanges.For(inner);
        NativeMemoryGuard.AddCheck(ThreadQuarantine.CheckAll);
        NativeMemoryGuard.AddCheck(SharedQuarantine.CheckAll);
    }

    internal override NativeAllocator ForAdopted => Layer.IsAmbient && Inner is not CachingAllocator ? Inner.ForAdopted : this;

    /// <inheritdoc/>
    internal override unsafe void* ObtainAt(ref nint thread, AllocationSite site, nuint byteCount, nuint alignment, bool zeroed)
    {
        if (!IsSmall(byteCount, alignment))
        {
            return base.ObtainAt(ref thread, site, byteCount, alignment, zeroed);
        }

        if (thread == 0 && !ThreadQuarantine.TryStore(this, ref thread))
        {
            return null;
        }

        ThreadQuarantine quarantine = ThreadQuarantine.FromWord(thread);
        return AllocateSmall(quarantine, byteCount, zeroed, (uint)site.Id | quarantine.Thread);
    }

    /// <inheritdoc/>
    internal override unsafe void FreeAt(ref nint thread, AllocationSite site, void* block, nuint byteCount, nuint alignment)
    {
        if (thread == 0 || !IsSmall(byteCount, alignment)
            || !CheckedHeader.IsIntactLive(CheckedHeader.Of(block), _smallMark, byteCount, out int sizeClass))
        {
            base.FreeAt(ref thread, site, block, byteCount, alignment);
            return;
        }

        ThreadQuarantine quarantine = ThreadQuarantine.FromWord(thread);
        KeepSmall(quarantine, CheckedHeader.Of(block), byteCount, sizeClass, (uint)site.Id | quarantine.Thread, mayThrow: false);
    }

    /// <inheritdoc/>
    internal override unsafe void* Release(void* block, nuint byteCount, nuint alignment)
    {
        if (!Layer.IsAmbient || Inner is CachingAllocator)
        {
            return block;
        }

        void* plain = Inner.Obtain(byteCount, alignment, zeroed: false);
        if (plain != null)
        {
            new Block(block, byteCount).CopyTo(new Block(plain, byteCount));
            FreeOfOwner(block, byteCount, alignment);
            plain = Inner.Release(plain, byteCount, alignment);
        }

        return plain;
    }

    /// <summary>Gives a block that has left a quarantine to the inner allocator. A damaged block is reported and leaked; 0 is one that was reported.</summary>
    /// <exception cref="NativeMemoryViolationException">The block is damaged, and <paramref name="mayThrow"/> is true.</exception>
    internal void Discard(nint block, bool mayThrow)
    {
        if (block == 0)
        {
            return;
        }

        unsafe
        {
            // SAFETY: block is this allocator's and has left its quarantine, so no other thread uses it. Its header and red zones are
            // readable until it goes back, which happens only if they are intact.
            CheckedHeader* header = CheckedHeader.Of((void*)block);
            if (CheckedFindings.In(header) is { } violation)
            {
                NativeMemoryGuard.Tell(violation, mayThrow);
                return;
            }

            GiveToInner(header);
        }
    }

    /// <inheritdoc/>
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) =>
        Allocate(byteCount, alignment, zeroed, CheckedFindings.SiteAndThread);

    /// <remarks>Nothing has changed if it throws.</remarks>
    /// <inheritdoc path="/safety"/>
    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed)
    {
        ulong release = (uint)AllocationSite.Resized.Id | (CheckedFindings.SiteAndThread & ~(ulong)uint.MaxValue);
        if (FindAtFree(block, oldByteCount, alignment, release) is { } violation)
        {
            NativeMemoryGuard.Tell(violation, mayThrow: true);
        }

        CheckedHeader* header = CheckedHeader.Of(block);
        ulong allocation = header->Allocation;
        void* moved = Allocate(newByteCount, alignment, zeroed, allocation);
        if (moved != null)
        {
            new Block(block, oldByteCount).CopyTo(new Block(moved, newByteCount));
            Keep(header, release, mayThrow: false, keepsBytes: OutlivesOwners && PinnedArrays.IsOfOwner);
        }

        return moved;
    }

    /// <inheritdoc/>
    internal override unsafe Array? ArrayOf(void* block)
    {
        CheckedHeader* header = CheckedHeader.Of(block);
        return HasArrays && CheckedHeader.IsIntact(header) ? Inner.ArrayOf((byte*)block - RedZones.Of(header).Front) : null;
    }

    /// <inheritdoc/>
    internal override unsafe void FreeOfOwner(void* block, nuint byteCount, nuint alignment) =>
        Free(block, byteCount, alignment, isOwners: true, isBare: false);

    /// <inheritdoc/>
    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment) =>
        Free(block, byteCount, alignment, isOwners: false, isBare: CheckedFindings.MayThrow);

    /// <summary>Whether an allocator must be refused each time its plan of faults says so.</summary>
    /// <remarks>A budget or a pool ends the search: the quarantine may hold the memory that it refused.</remarks>
    private static bool FailsOnPurpose(NativeAllocator inner) =>
        inner.Layer.Has(AllocatorLayers.FaultPlan) || (inner is WrappingAllocator && FailsOnPurpose(inner.Inner));

    /// <summary>Whether blocks of this size and alignment are small blocks, which a <see cref="ThreadQuarantine"/> keeps.</summary>
    private bool IsSmall(nuint byteCount, nuint alignment) => byteCount <= ThreadQuarantine.LargestByteCount && alignment <= _smallAlignment;

    /// <remarks>A bare block has no owner. So two threads may free it at once, and violations are thrown.</remarks>
    /// <inheritdoc cref="FreeCore" path="/safety"/>
    private unsafe void Free(void* block, nuint byteCount, nuint alignment, bool isOwners, bool isBare)
    {
        CheckedHeader* header = CheckedHeader.Of(block);
        if (!IsSmall(byteCount, alignment) || ((nuint)block & 15) != 0 || !CheckedHeader.IsIntactLive(header, _smallMark, byteCount, out int sizeClass)
            || (isBare && !CheckedHeader.TryClaim(header, _smallMark)))
        {
            FreeSlowly(block, byteCount, alignment, isOwners, isBare);
            return;
        }

        KeepSmall(ThreadQuarantine.Of(this), header, byteCount, sizeClass, CheckedFindings.SiteAndThread, isBare);
    }

    /// <summary>Frees a block that is not small, or reports a violation.</summary>
    /// <inheritdoc cref="FreeCore" path="/safety"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private unsafe void FreeSlowly(void* block, nuint byteCount, nuint alignment, bool isOwners, bool isBare)
    {
        ulong release = CheckedFindings.SiteAndThread;
        NativeMemoryViolation? violation = FindAtFree(block, byteCount, alignment, release);
        if (violation is null)
        {
            Keep(CheckedHeader.Of(block), release, isBare, keepsBytes: isOwners && OutlivesOwners);
            return;
        }

        if (violation.Kind is NativeMemoryViolationKind.Overflow or NativeMemoryViolationKind.Underflow or NativeMemoryViolationKind.CorruptedHeader)
        {
            _quarantine?.NoteReported((nint)block);
            if (violation.Kind != NativeMemoryViolationKind.CorruptedHeader)
            {
                // The block is leaked, but a second free of it must be recognised.
                CheckedHeader.Close(CheckedHeader.Of(block), CheckedHeader.Of(block)->Mark, release);
            }
        }

        NativeMemoryGuard.Tell(violation, isBare);
    }

    /// <summary>The reason why a block must not be freed; null if there is none.</summary>
    /// <safety>If the address is listed or the size is a small block's, the bytes before the block can be read.</safety>
    private unsafe NativeMemoryViolation? FindAtFree(void* block, nuint byteCount, nuint alignment, ulong release)
    {
        if (((nuint)block & 15) != 0 || (!IsSmall(byteCount, alignment) && _quarantine?.Lists((nint)block) == false))
        {
            return CheckedFindings.Unknown((nint)block, Name, release);
        }

        CheckedHeader* header = CheckedHeader.Of(block);
        if (!CheckedHeader.IsIntact(header))
        {
            return header->LooksLikeOne ? CheckedFindings.InLive(header, release) : CheckedFindings.Unknown((nint)block, Name, release);
        }

        return header->AllocatorId != _id ? CheckedFindings.WrongAllocator(header, NameOf(header->AllocatorId), Name, release)
            : header->IsFreed ? CheckedFindings.DoubleFree(header, release)
            : header->Length != byteCount ? CheckedFindings.WrongSize(header, byteCount, release)
            : CheckedFindings.InLive(header, release);
    }

    private static string NameOf(int id)
    {
        using UninterruptedLock.Scope scope = s_lock.Enter();
        return s_names[id];
    }

    /// <inheritdoc cref="AllocateCore"/>
    private unsafe void* Allocate(nuint byteCount, nuint alignment, bool zeroed, ulong allocation) =>
        !IsSmall(byteCount, alignment) ? AllocateOther(byteCount, nuint.Max(alignment, BlockAlignment), zeroed, allocation)
        : ThreadQuarantine.Of(this) is { } quarantine ? AllocateSmall(quarantine, byteCount, zeroed, allocation)
        : null;

    /// <inheritdoc cref="AllocateCore"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe void* AllocateSmall(ThreadQuarantine quarantine, nuint byteCount, bool zeroed, ulong allocation)
    {
        int sizeClass = SizeClasses.Of(byteCount);
        byte* block = (byte*)quarantine.TakeOldest(sizeClass);
        bool isUsable = block != null && CheckedHeader.IsIntactFreed(block, _smallMark, sizeClass);
        if (!isUsable && (block = ObtainSmall(block, sizeClass)) == null)
        {
            return null;
        }

        CheckedHeader.Open(CheckedHeader.Of(block), quarantine.NextSerial(), byteCount, allocation, _smallMark);
        FillPattern.Set(block, byteCount, zeroed ? (byte)0 : FillPattern.Fresh);
        return block;
    }

    /// <summary>A poisoned small block from the inner allocator; null if memory is exhausted. Reports the damage of another block, if there is one.</summary>
    /// <safety>The damaged block has left the quarantine. The new block is the caller's, up to the end of its red zones.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private unsafe byte* ObtainSmall(byte* damaged, int sizeClass)
    {
        if (damaged != null && CheckedFindings.InFreed(CheckedHeader.Of(damaged)) is { } violation)
        {
            NativeMemoryGuard.Tell(violation, CheckedFindings.MayThrow);
        }

        var zones = RedZones.OfClass(sizeClass);
        byte* start = (byte*)TryObtain(zones.ByteCount, BlockAlignment, zeroed: false);
        if (start == null)
        {
            return null;
        }

        FillPattern.SetLines(start, zones.ByteCount, FillPattern.Poison);
        return start + zones.Front;
    }

    /// <inheritdoc cref="AllocateCore"/>
    private unsafe void* AllocateOther(nuint byteCount, nuint alignment, bool zeroed, ulong allocation)
    {
        if (!RedZones.TryOf(byteCount, alignment, out RedZones zones))
        {
            return null;
        }

        byte* start = (byte*)TryObtain(zones.ByteCount, alignment, zeroed);
        if (start == null)
        {
            return null;
        }

        byte* block = start + zones.Front;
        CheckedHeader* header = CheckedHeader.Of(block);
        FillPattern.SetLines((byte*)header - zones.Padding, zones.Padding + CheckedHeader.ByteCount, FillPattern.Poison);
        FillPattern.Set(block + byteCount, zones.Room - byteCount, FillPattern.Poison);
        if (!zeroed)
        {
            FillPattern.Set(block, nuint.Min(byteCount, SharedQuarantine.LargestByteCount), FillPattern.Fresh);
        }

        CheckedHeader.Open(header, Interlocked.Increment(ref s_serial), byteCount, allocation, CheckedHeader.LiveMark(_id, isSmall: false, alignment));
        _quarantine?.Add((nint)block, this);
        return block;
    }

    /// <summary>A block of the inner allocator; null if memory is exhausted even after the quarantines were emptied.</summary>
    /// <inheritdoc cref="AllocateCore" path="/safety"/>
    private unsafe void* TryObtain(nuint byteCount, nuint alignment, bool zeroed)
    {
        void* start;
        bool isTrial = BudgetLevel.SetTrial(BudgetLevel.IsTrial || _emptied is not null);
        try
        {
            start = Inner.Obtain(byteCount, alignment, zeroed);
        }
        finally
        {
            _ = BudgetLevel.SetTrial(isTrial);
        }

        if (start == null && _emptied is not null)
        {
            ThreadQuarantine.EmptyAll();
            _emptied.Empty();
            start = Inner.Obtain(byteCount, alignment, zeroed);
        }

        if (start != null && _ranges?.Add((nuint)start, byteCount) is { } other)
        {
            // The new block is leaked, because to free it would also free the earlier block.
            throw NativeMemoryGuard.Found(CheckedFindings.Overlap((nuint)start, byteCount, other, Name));
        }

        return start;
    }

    /// <summary>Marks an intact block as freed, and puts it where its kind waits. If it <paramref name="keepsBytes"/>, it goes back at once.</summary>
    /// <safety>The header is intact, and the block is not used any more.</safety>
    private unsafe void Keep(CheckedHeader* header, ulong release, bool mayThrow, bool keepsBytes)
    {
        if (header->IsSmall)
        {
            KeepSmall(ThreadQuarantine.Of(this), header, header->Length, SizeClasses.Of(header->Length), release, mayThrow);
        }
        else if (_quarantine is null || (keepsBytes && _quarantine.TryRemove(header, release)))
        {
            GiveToInner(header);
        }
        else if (keepsBytes || !_quarantine.TryKeep(header, release, mayThrow))
        {
            NativeMemoryGuard.Tell(CheckedFindings.DoubleFree(header, release), mayThrow);
        }
    }

    /// <summary>Marks an intact small block as freed, and keeps it in a quarantine, if there is one.</summary>
    /// <inheritdoc cref="Keep" path="/safety"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe void KeepSmall(ThreadQuarantine? quarantine, CheckedHeader* header, nuint byteCount, int sizeClass, ulong release, bool mayThrow)
    {
        CheckedHeader.Close(header, _smallMark, release);
        FillPattern.SetLines((byte*)(header + 1), byteCount, FillPattern.Poison);
        nint block = (nint)(header + 1);
        nint leaving = quarantine is null ? block : quarantine.Keep(sizeClass, block);
        if (leaving != 0)
        {
            Discard(leaving, mayThrow);
        }
    }

    /// <safety>The header is intact, and the block is neither used nor in a quarantine.</safety>
    private unsafe void GiveToInner(CheckedHeader* header)
    {
        RedZones zones = RedZones.Of(header);
        byte* start = (byte*)(header + 1) - zones.Front;
        _ranges?.Remove((nuint)start, zones.ByteCount);
        Inner.GiveBack(start, zones.ByteCount, header->Alignment);
    }
}
