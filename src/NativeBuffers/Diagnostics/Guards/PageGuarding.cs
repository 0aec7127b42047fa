using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>What stands in front of an allocator, and puts blocks where they end at pages that cannot be touched: all of them, or samples.</summary>
/// <remarks>
/// <para>Memory of guarded blocks is the system's, and not the allocator's behind. If that is one of the library's own, it does not hear of
/// them. If it is anybody else's (a budget, a user's own), it is asked for a block too, the <em>shadow</em>, which nobody uses: so it refuses,
/// counts and frees as it would without guards.</para>
/// <para>What cannot be guarded is served by the allocator behind. That may hand on blocks which it took from another guard: they are that one's,
/// and go back the way they came.</para>
/// </remarks>
internal abstract class PageGuarding : WrappingAllocator
{
    private static int s_lastNumber;

    private readonly int _number = Interlocked.Increment(ref s_lastNumber);
    private readonly bool _hasShadows;
    private readonly bool _isHandedOthers;
    private readonly bool _keepsAlignment;

    protected PageGuarding(string name, NativeAllocator inner, bool isAmbient)
        : base(name, inner, isAmbient)
    {
        TakesAllocationSites = true;
        IsGuarded = true;
        _hasShadows = !inner.LivesForever;
        _isHandedOthers = GuardedAllocators.MayHandOn(inner);
        _keepsAlignment = inner is AlignedAllocator or PagesAllocator;
    }

    /// <remarks>What came from elsewhere is not known here. But blocks of the default allocator are given out by this, and come back to it.</remarks>
    internal override NativeAllocator ForAdopted => IsAmbient && Inner is not CachingAllocator ? Inner.ForAdopted : this;

    /// <summary>Where blocks go; null when there is no room for such things.</summary>
    protected abstract GuardStore? Store { get; }

    /// <summary>Whether this is a block to guard.</summary>
    protected abstract bool IsWanted(nuint byteCount);

    /// <summary>Says that a block was given out that is not guarded.</summary>
    /// <safety>No pointer is followed.</safety>
    protected virtual unsafe void AddUnguarded(void* block, int number)
    {
    }

    /// <summary>Counts a block that is guarded.</summary>
    protected virtual void CountGuarded()
    {
    }

    /// <summary>Whether a block that is not guarded may be one of this allocator's.</summary>
    /// <safety>No pointer is followed.</safety>
    protected abstract unsafe bool TakeUnguarded(void* block, int number);

    /// <inheritdoc/>
    internal override unsafe void Adopt(void* block, nuint byteCount)
    {
        if (GuardStore.Find(block, out _) == null)
        {
            _ = TakeUnguarded(block, _number);
            AddUnguarded(block, _number);
            Inner.Adopt(block, byteCount);
        }
    }

    /// <inheritdoc/>
    internal override unsafe void* Release(void* block, nuint byteCount, nuint alignment)
    {
        if (!IsAmbient || Inner is CachingAllocator)
        {
            return block;
        }

        GuardedBlock* guarded = GuardStore.Find(block, out GuardStore? store);
        if (guarded == null || IsAnothers(guarded))
        {
            _ = TakeUnguarded(block, _number);
            return Inner.Release(block, byteCount, alignment);
        }

        AllocationSite site = AllocationSite.Noted;
        void* plain = guarded->Shadow != 0 ? (void*)guarded->Shadow : Inner.Obtain(byteCount, alignment, zeroed: false);
        if (plain != null)
        {
            new Block(block, byteCount).CopyTo(new Block(plain, byteCount));
            _ = store!.TryClaim(guarded, block);
            WriteFreedAt(guarded, site, "(handed out)");
            store.Retire(guarded);
        }

        return plain;
    }

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (!IsWanted(byteCount))
        {
            return base.AllocateCore(byteCount, alignment, zeroed);
        }

        // Before anybody else is asked, who may note something himself.
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

        GuardedBlock* guarded = TryTake(byteCount, alignment, site.HasElements, shadow);
        if (guarded != null)
        {
            guarded->AllocatedAt.Write(site);
            Store!.Publish(guarded);
            CountGuarded();
            return (void*)guarded->Start;
        }

        void* plain = _hasShadows ? shadow : Inner.Obtain(byteCount, alignment, zeroed);
        NoteUnguarded(plain);
        return plain;
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        if (Free(block, byteCount, alignment, isOwner: false) is { } violation)
        {
            throw NativeMemoryGuard.Found(violation);
        }
    }

    private protected override unsafe void FreeOfOwnerCore(void* block, nuint byteCount, nuint alignment)
    {
        if (Free(block, byteCount, alignment, isOwner: true) is { } violation)
        {
            NativeMemoryGuard.Report(violation);
        }
    }

    private unsafe NativeMemoryViolation? Free(void* block, nuint byteCount, nuint alignment, bool isOwner)
    {
        GuardedBlock* guarded = GuardStore.Find(block, out GuardStore? store);
        if ((guarded == null || IsAnothers(guarded)) && TakeUnguarded(block, _number))
        {
            FreeBehind(block, byteCount, alignment, isOwner);
            return null;
        }

        if (guarded == null)
        {
            return GuardWords.Unknown(block, byteCount, Name, AllocationSite.Noted);
        }

        // A wrong size is no reason for an owner to keep the block.
        AllocationSite site = AllocationSite.Noted;
        NativeMemoryViolation? violation = MistakeIn(guarded, byteCount, site);
        if (violation is not null && !(isOwner && violation.Kind == NativeMemoryViolationKind.WrongSize))
        {
            return violation;
        }

        if (!store!.TryClaim(guarded, block))
        {
            return GuardWords.FreedTwice(guarded, site);
        }

        WriteFreedAt(guarded, site, isOwner ? "(disposed)" : "(unknown)");
        nuint shadow = guarded->Shadow;
        violation ??= guarded->RepairSlack() is { } kind ? GuardWords.Written(guarded, kind, $"found when it was freed: {guarded->FreedAt}") : null;
        store.Retire(guarded);
        if (shadow != 0)
        {
            FreeBehind((void*)shadow, byteCount, alignment, isOwner);
        }

        return violation;
    }

    /// <remarks>A guarded block always moves, so that who kept its address finds out.</remarks>
    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed)
    {
        AllocationSite site = AllocationSite.Noted;
        GuardedBlock* old = GuardStore.Find(block, out GuardStore? store);
        if ((old == null || IsAnothers(old)) && TakeUnguarded(block, _number))
        {
            return ResizeUnguarded(block, oldByteCount, newByteCount, alignment, zeroed);
        }

        if (old == null)
        {
            throw NativeMemoryGuard.Found(GuardWords.Unknown(block, oldByteCount, Name, site));
        }

        NativeMemoryViolation? violation = MistakeIn(old, oldByteCount, site)
            ?? (old->RepairSlack() is { } kind ? GuardWords.Written(old, kind, "found when it was resized") : null);
        if (violation is not null)
        {
            throw NativeMemoryGuard.Found(violation);
        }

        void* shadow = null;
        if (old->Shadow != 0)
        {
            shadow = Inner.TryResize((void*)old->Shadow, oldByteCount, newByteCount, alignment, zeroed: false);
            if (shadow == null)
            {
                return null;
            }

            old->Shadow = (nuint)shadow;
        }

        GuardedBlock* guarded = TryTake(newByteCount, alignment, old->IsTyped, shadow);
        void* moved = guarded != null ? (void*)guarded->Start
            : shadow != null ? shadow
            : Inner.Obtain(newByteCount, alignment, zeroed: false);
        if (moved == null)
        {
            return null;
        }

        var target = new Block(moved, newByteCount);
        new Block(block, oldByteCount).CopyTo(target);
        if (guarded != null)
        {
            WriteResizedAt(guarded, old, site);
            Store!.Publish(guarded);
        }
        else
        {
            if (zeroed)
            {
                target.ClearFrom(oldByteCount);
            }

            NoteUnguarded(moved);
        }

        if (store!.TryClaim(old, block))
        {
            WriteFreedAt(old, site, "(resized)");
            store.Retire(old);
        }

        return moved;
    }

    private unsafe void* ResizeUnguarded(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed)
    {
        void* resized = Inner.TryResize(block, oldByteCount, newByteCount, alignment, zeroed);
        AddUnguarded(resized != null ? resized : block, _number);
        return resized;
    }

    private unsafe GuardedBlock* TryTake(nuint byteCount, nuint alignment, bool isTyped, void* shadow)
    {
        GuardStore? store = Store;
        GuardedBlock* guarded = store is null ? null : store.TryTake(byteCount, Effective(byteCount, alignment, isTyped), _number, Name);
        if (guarded != null)
        {
            guarded->Shadow = (nuint)shadow;
            guarded->IsTyped = isTyped;
        }

        return guarded;
    }

    private unsafe void NoteUnguarded(void* block)
    {
        if (block != null)
        {
            GuardReportFile.CountUnguarded();
            AddUnguarded(block, _number);
        }
    }

    /// <summary>Whether a block may have come from behind, where another guard has given it out.</summary>
    private protected unsafe bool IsAnothers(GuardedBlock* guarded) =>
        _isHandedOthers && guarded->State == GuardedBlockState.Live && guarded->Guard != _number;

    /// <summary>What is wrong about giving back or resizing a block as one of so many bytes; null if nothing.</summary>
    private unsafe NativeMemoryViolation? MistakeIn(GuardedBlock* guarded, nuint byteCount, AllocationSite site) =>
        guarded->State == GuardedBlockState.Freed ? GuardWords.FreedTwice(guarded, site)
        : guarded->Guard != _number ? GuardWords.FreedElsewhere(guarded, Name, site)
        : guarded->ByteCount != byteCount ? GuardWords.WrongSize(guarded, byteCount, site)
        : null;

    private unsafe void FreeBehind(void* block, nuint byteCount, nuint alignment, bool isOwner)
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

    /// <summary>What a block starts at a multiple of, in bytes.</summary>
    /// <remarks>
    /// Owners ask for what their allocator gives anyway. If that is not what the allocator is for, the element type decides: then the last
    /// element ends exactly at the page. A size is a multiple of its elements' alignment.
    /// </remarks>
    private nuint Effective(nuint byteCount, nuint alignment, bool isTyped)
    {
        if (_keepsAlignment)
        {
            return nuint.Max(alignment, BlockAlignment);
        }

        return isTyped && alignment == BlockAlignment && byteCount != 0 ? nuint.Min(byteCount & (0 - byteCount), alignment) : alignment;
    }

    /// <remarks>Who resizes need not say where: then the block is still the one of the line that asked for it first.</remarks>
    private static unsafe void WriteResizedAt(GuardedBlock* block, GuardedBlock* old, AllocationSite site)
    {
        if (site.File is "")
        {
            block->AllocatedAt = old->AllocatedAt;
        }
        else
        {
            block->AllocatedAt.Write(site);
        }
    }

    /// <remarks>Disposal and resizing have no line: then it is said what it was.</remarks>
    private static unsafe void WriteFreedAt(GuardedBlock* block, AllocationSite site, string unknown)
    {
        if (site.File is "")
        {
            block->FreedAt.Write(unknown);
        }
        else
        {
            block->FreedAt.Write(site);
        }
    }
}
