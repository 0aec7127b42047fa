using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Puts each block on pages of its own, where it ends at a guard page, as Electric Fence does.</summary>
/// <remarks>
/// <para>For development: each block costs at least a page, and two to four system calls. Some 250,000 blocks can be guarded at a time
/// where the kernel has guard pages; elsewhere some 20,000, because systems limit the number of mappings. Further blocks are not guarded,
/// and the report counts them.</para>
/// <para>The memory of guarded blocks comes from the system and not from the inner allocator. An inner allocator of the library does not
/// take part. Any other one (a budget, a user's own) allocates a block of the same size, the <em>shadow</em>, which is not used. So it
/// refuses, counts and frees as it would without guards.</para>
/// <para>The inner allocator serves a block that cannot be guarded. It may hand on a block from another guard. Such a block belongs to
/// that guard, and goes back to it through the inner allocator.</para>
/// </remarks>
internal class PageGuardAllocator : WrappingAllocator
{
    private static int s_lastNumber;

    private readonly int _number = Interlocked.Increment(ref s_lastNumber);
    private readonly bool _hasShadows;
    private readonly bool _mayHandOn;
    private readonly bool _keepsAlignment;

    public PageGuardAllocator(NativeAllocator inner, bool isAmbient)
        : this("PageGuarded", inner, isAmbient)
    {
    }

    protected PageGuardAllocator(string name, NativeAllocator inner, bool isAmbient)
        : base(name, inner, isAmbient ? AllocatorLayers.ProcessGuard : AllocatorLayers.Guard)
    {
        HasArrays = false;
        _hasShadows = !inner.LivesForever;
        _mayHandOn = GuardedAllocators.MayHandOn(inner);
        _keepsAlignment = inner is AlignedAllocator or PagesAllocator;
    }

    /// <remarks>A guard does not know adopted blocks. But the default allocator's blocks come from its guard, and go back to it.</remarks>
    internal override NativeAllocator ForAdopted => Layer.IsAmbient && Inner is not CachingAllocator ? Inner.ForAdopted : this;

    /// <summary>The pool of guarded blocks; null if there is no memory for it.</summary>
    protected virtual GuardedPool? Pool => MappingPool.Instance;

    /// <summary>Whether to guard the next block.</summary>
    protected virtual bool IsWanted(nuint byteCount) => true;

    /// <summary>Counts a guarded block.</summary>
    protected virtual void CountGuarded()
    {
    }

    /// <summary>Notes that this allocator has given out a block without guarding it.</summary>
    /// <safety>The pointer is used as a number only.</safety>
    protected virtual unsafe void AddUnguarded(void* block) => MappingPool.Instance?.AddUnguarded(block, _number);

    /// <summary>Whether an unguarded block may be one of this allocator's. If so, its note is removed.</summary>
    /// <safety>The pointer is used as a number only.</safety>
    protected virtual unsafe bool TakeUnguarded(void* block) => MappingPool.Instance?.TakeUnguarded(block, _number) ?? true;

    /// <inheritdoc/>
    internal override unsafe void Adopt(void* block, nuint byteCount)
    {
        if (GuardedPool.Find(block, out _) == null)
        {
            _ = TakeUnguarded(block);
            AddUnguarded(block);
            Inner.Adopt(block, byteCount);
        }
    }

    /// <inheritdoc/>
    internal override unsafe void* Release(void* block, nuint byteCount, nuint alignment)
    {
        if (!Layer.IsAmbient || Inner is CachingAllocator)
        {
            return block;
        }

        GuardedBlock* guarded = GuardedPool.Find(block, out GuardedPool? pool);
        if (guarded == null || IsHandedOn(guarded))
        {
            _ = TakeUnguarded(block);
            return Inner.Release(block, byteCount, alignment);
        }

        AllocationSite site = AllocationSite.Noted;
        void* plain = guarded->Shadow != 0 ? (void*)guarded->Shadow : Inner.Obtain(byteCount, alignment, zeroed: false);
        if (plain != null)
        {
            new Block(block, byteCount).CopyTo(new Block(plain, byteCount));
            _ = pool!.TryClaim(guarded, block);
            guarded->FreedAt.Write(site, "(handed out)");
            pool.Retire(guarded);
        }

        return plain;
    }

    /// <inheritdoc/>
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (!IsWanted(byteCount))
        {
            return base.AllocateCore(byteCount, alignment, zeroed);
        }

        // Read first: the inner allocator may note another site.
        AllocationSite site = AllocationSite.Noted;
        void* shadow = null;
        if (_hasShadows)
        {
            shadow = Inner.Obtain(byteCount, alignment, zeroed);
            if (shadow == null)
            {
                return null;
            }
        }

        return Place(byteCount, alignment, zeroed, site, shadow, old: null);
    }

    /// <inheritdoc/>
    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment) =>
        Free(block, byteCount, alignment, isOwner: false);

    /// <inheritdoc/>
    internal override unsafe void FreeOfOwner(void* block, nuint byteCount, nuint alignment) =>
        Free(block, byteCount, alignment, isOwner: true);

    /// <inheritdoc cref="FreeCore" path="/safety"/>
    private unsafe void Free(void* block, nuint byteCount, nuint alignment, bool isOwner)
    {
        if (FreeOrFind(block, byteCount, alignment, isOwner) is { } violation)
        {
            NativeMemoryGuard.Tell(violation, mayThrow: !isOwner);
        }
    }

    /// <inheritdoc cref="FreeCore" path="/safety"/>
    private unsafe NativeMemoryViolation? FreeOrFind(void* block, nuint byteCount, nuint alignment, bool isOwner)
    {
        GuardedBlock* guarded = GuardedPool.Find(block, out GuardedPool? pool);
        if ((guarded == null || IsHandedOn(guarded)) && TakeUnguarded(block))
        {
            FreeInner(block, byteCount, alignment, isOwner);
            return null;
        }

        AllocationSite site = AllocationSite.Noted;
        if (guarded == null)
        {
            return GuardFindings.Unknown((nuint)block, byteCount, Name, site);
        }

        // An owner's block is freed in spite of a wrong size.
        NativeMemoryViolation? violation = MistakeIn(guarded, byteCount, site);
        if (violation is not null && !(isOwner && violation.Kind == NativeMemoryViolationKind.WrongSize))
        {
            return violation;
        }

        if (!pool!.TryClaim(guarded, block))
        {
            return GuardFindings.FreedTwice(*guarded, site);
        }

        guarded->FreedAt.Write(site, isOwner ? "(disposed)" : "(unknown)");
        nuint shadow = guarded->Shadow;
        violation ??= guarded->RepairSlack() is { } kind ? GuardFindings.Written(*guarded, kind, $"found when it was freed: {guarded->FreedAt}") : null;
        pool.Retire(guarded);
        if (shadow != 0)
        {
            FreeInner((void*)shadow, byteCount, alignment, isOwner);
        }

        return violation;
    }

    /// <remarks>A guarded block always moves, so that later uses of its old address are found.</remarks>
    /// <inheritdoc path="/safety"/>
    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed)
    {
        AllocationSite site = AllocationSite.Noted;
        GuardedBlock* old = GuardedPool.Find(block, out GuardedPool? pool);
        if ((old == null || IsHandedOn(old)) && TakeUnguarded(block))
        {
            void* resized = Inner.TryResize(block, oldByteCount, newByteCount, alignment, zeroed);
            AddUnguarded(resized != null ? resized : block);
            return resized;
        }

        NativeMemoryViolation? violation = old == null ? GuardFindings.Unknown((nuint)block, oldByteCount, Name, site)
            : MistakeIn(old, oldByteCount, site)
            ?? (old->RepairSlack() is { } kind ? GuardFindings.Written(*old, kind, "found when it was resized") : null);
        if (violation is not null)
        {
            throw NativeMemoryGuard.Found(violation);
        }

        void* shadow = null;
        if (old->Shadow != 0)
        {
            shadow = Inner.TryResize((void*)old->Shadow, oldByteCount, newByteCount, alignment, zeroed);
            if (shadow == null)
            {
                return null;
            }

            old->Shadow = (nuint)shadow;
        }

        void* moved = Place(newByteCount, alignment, zeroed, site, shadow, old);
        if (moved != null)
        {
            new Block(block, oldByteCount).CopyTo(new Block(moved, newByteCount));
            if (pool!.TryClaim(old, block))
            {
                old->FreedAt.Write(site, "(resized)");
                pool.Retire(old);
            }
        }

        return moved;
    }

    /// <summary>A guarded block. If the pool has no room: its shadow, or a block of the inner allocator; null if memory is exhausted.</summary>
    /// <remarks>A shadow has the requested zeroes already. If a resize has no site, the new block has the site of the old one.</remarks>
    /// <safety>The shadow is a live block of the inner allocator with this size, and the old block is live.</safety>
    private unsafe void* Place(nuint byteCount, nuint alignment, bool zeroed, AllocationSite site, void* shadow, GuardedBlock* old)
    {
        bool isTyped = old == null ? site.HasElements : old->IsTyped;
        GuardedPool? pool = Pool;
        GuardedBlock* guarded = pool is null ? null : pool.TryTake(byteCount, AlignmentOf(byteCount, alignment, isTyped), _number, Name);
        if (guarded != null)
        {
            guarded->Shadow = (nuint)shadow;
            guarded->IsTyped = isTyped;
            guarded->AllocatedAt.Write(site);
            if (old == null)
            {
                CountGuarded();
            }
            else if (site.File is "")
            {
                guarded->AllocatedAt = old->AllocatedAt;
            }

            pool!.Publish(guarded);
            return (void*)guarded->Start;
        }

        void* plain = shadow != null ? shadow : Inner.Obtain(byteCount, alignment, zeroed);
        if (plain != null)
        {
            ProcessReport.CountUnguarded();
            AddUnguarded(plain);
        }

        return plain;
    }

    /// <summary>Whether a live block of another guard may have come from the inner allocator.</summary>
    /// <safety>The record stays mapped, as all records do.</safety>
    private protected unsafe bool IsHandedOn(GuardedBlock* guarded) =>
        _mayHandOn && guarded->State == GuardedBlock.Use.Live && guarded->Guard != _number;

    /// <summary>The reason why a block must not be freed or resized with this size; null if there is none.</summary>
    /// <safety>The record is a live or freed block's.</safety>
    private unsafe NativeMemoryViolation? MistakeIn(GuardedBlock* guarded, nuint byteCount, AllocationSite site) =>
        guarded->State == GuardedBlock.Use.Freed ? GuardFindings.FreedTwice(*guarded, site)
        : guarded->Guard != _number ? GuardFindings.FreedElsewhere(*guarded, Name, site)
        : guarded->ByteCount != byteCount ? GuardFindings.WrongSize(*guarded, byteCount, site)
        : null;

    /// <safety>The block is the inner allocator's, and live. It is not used any more.</safety>
    private unsafe void FreeInner(void* block, nuint byteCount, nuint alignment, bool isOwner)
    {
        if (isOwner)
        {
            Inner.FreeOfOwner(block, byteCount, alignment);
        }
        else
        {
            Inner.GiveBack(block, byteCount, alignment);
        }
    }

    /// <summary>The alignment of a block, in bytes.</summary>
    /// <remarks>
    /// An owner requests the alignment of its allocator. If alignment is not the purpose of that allocator, the element type decides, so
    /// that the last element ends exactly at the page. A size is a multiple of its elements' alignment.
    /// </remarks>
    private nuint AlignmentOf(nuint byteCount, nuint alignment, bool isTyped) =>
        _keepsAlignment ? nuint.Max(alignment, BlockAlignment)
        : isTyped && alignment == BlockAlignment && byteCount != 0 ? nuint.Min(byteCount & (0 - byteCount), alignment)
        : alignment;
}
