using NativeBuffers.Allocation;
using NativeBuffers.Allocation.Budgets;
using NativeBuffers.Blocks.Cache;
using NativeBuffers.Diagnostics.Faults;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Red zones, fills and a quarantine around blocks of another allocator.</summary>
/// <remarks>
/// <para>A block lies between a header, which ends with a red zone, and another red zone behind it. All of it is looked at when
/// the block is given back, and when it leaves the quarantine. What is found damaged is never used again, nor given to
/// the inner allocator, whose own notes lie next to it: a leak is the smaller evil.</para>
/// <para>Three ways: small blocks of allocators that live forever go through a thread's <see cref="CheckedRings"/>, others
/// through the <see cref="CheckedQuarantine"/>. Where the user did not ask for the guard, and the allocator is the user's
/// own, freed blocks are given back at once: nobody told that allocator to outlive its blocks' owners.</para>
/// </remarks>
internal sealed class CheckedAllocator : WrappingAllocator
{
    private static ulong s_serial;

    private readonly int _id;
    private readonly CheckedMarks _marks;
    private readonly CheckedRanges? _ranges;

    /// <summary>The largest alignment of blocks in rings; 0 if there are none.</summary>
    private readonly nuint _ringAlignment;
    private readonly bool _isKept;
    private readonly bool _isTriedAgain;

    public CheckedAllocator(NativeAllocator inner, bool isAmbient)
        : base("Checked", inner, isAmbient)
    {
        TakesAllocationSites = true;
        IsGuarded = true;
        LivesForever = inner.LivesForever;
        _id = CheckedNames.Add(Name);
        _isKept = inner.LivesForever || !isAmbient;
        _isTriedAgain = _isKept && !Fails(inner);
        _ringAlignment = inner.LivesForever && inner.BlockAlignment <= CheckedHeader.ByteCount ? inner.BlockAlignment : 0;
        _marks = new CheckedMarks(_id, BlockAlignment);
        _ranges = CheckedRanges.For(inner);
        if (_isKept && !LivesForever)
        {
            CheckedQuarantine.StartTrimming();
        }
    }

    internal override unsafe void* ObtainAt(ref nint thread, AllocationSite site, nuint byteCount, nuint alignment, bool zeroed)
    {
        if (byteCount > CheckedRings.LargestByteCount || alignment > _ringAlignment)
        {
            return base.ObtainAt(ref thread, site, byteCount, alignment, zeroed);
        }

        if (thread == 0 && !CheckedRings.TryName(this, ref thread))
        {
            return null;
        }

        CheckedRings rings = CheckedRings.FromWord(thread);
        return AllocateRinged(rings, byteCount, zeroed, (uint)site.Id | rings.Thread);
    }

    internal override unsafe void FreeAt(ref nint thread, AllocationSite site, void* block, nuint byteCount, nuint alignment)
    {
        if (thread == 0 || byteCount > CheckedRings.LargestByteCount || alignment > _ringAlignment
            || !_marks.AreIntactInUse(CheckedHeader.Of(block), byteCount, out int sizeClass))
        {
            base.FreeAt(ref thread, site, block, byteCount, alignment);
            return;
        }

        CheckedRings rings = CheckedRings.FromWord(thread);
        KeepRinged(rings, CheckedHeader.Of(block), byteCount, sizeClass, (uint)site.Id | rings.Thread, mayThrow: false);
    }

    internal override NativeAllocator ForAdopted => IsAmbient && Inner is not CachingAllocator ? Inner.ForAdopted : this;

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (byteCount > CheckedRings.LargestByteCount || alignment > _ringAlignment)
        {
            return AllocateKept(byteCount, nuint.Max(alignment, BlockAlignment), zeroed, CheckedFindings.Here);
        }

        CheckedRings? rings = CheckedRings.Of(this);
        return rings is null ? null : AllocateRinged(rings, byteCount, zeroed, (uint)AllocationSite.Noted.Id | rings.Thread);
    }

    private protected override unsafe void FreeOfOwnerCore(void* block, nuint byteCount, nuint alignment) =>
        Free(block, byteCount, alignment, isBare: false);

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment) =>
        Free(block, byteCount, alignment, isBare: CheckedFindings.MayThrow);

    /// <param name="block">What is given back.</param>
    /// <param name="byteCount">What was asked for, as the caller says.</param>
    /// <param name="alignment">The same.</param>
    /// <param name="isBare">Whether an owner does not see to it that it is given back once; whoever does it is told by exceptions.</param>
    private unsafe void Free(void* block, nuint byteCount, nuint alignment, bool isBare)
    {
        CheckedHeader* header = CheckedHeader.Of(block);
        if (byteCount > CheckedRings.LargestByteCount || alignment > _ringAlignment || ((nuint)block & 15) != 0 || !_marks.AreIntactInUse(header, byteCount, out int sizeClass)
            || (isBare && !_marks.TryClaim(header)))
        {
            FreeSlowly(block, byteCount, alignment, isBare);
            return;
        }

        KeepRinged(CheckedRings.Of(this), header, byteCount, sizeClass, CheckedFindings.Here, isBare);
    }

    internal override unsafe void* Release(void* block, nuint byteCount, nuint alignment)
    {
        if (!IsAmbient || Inner is CachingAllocator)
        {
            return block;
        }

        void* plain = Inner.Obtain(byteCount, alignment, zeroed: false);
        if (plain != null)
        {
            new Block(block, byteCount).CopyTo(new Block(plain, byteCount));
            FreeOfOwnerCore(block, byteCount, alignment);
            plain = Inner.Release(plain, byteCount, alignment);
        }

        return plain;
    }

    /// <summary>Gives a block that was kept to the inner allocator, unless it is damaged.</summary>
    /// <exception cref="NativeMemoryViolationException">It is damaged, and this may throw.</exception>
    internal void Discard(nint block, bool mayThrow)
    {
        if (block == 0)
        {
            return;
        }

        if (CheckedBlocks.Find(block) is { } violation)
        {
            NativeMemoryGuard.Tell(violation, mayThrow);
            return;
        }

        unsafe
        {
            // SAFETY: the block has left the quarantine, and nothing is wrong with its header.
            GiveToInner(CheckedHeader.Of((void*)block));
        }
    }

    private static bool Fails(NativeAllocator inner) =>
        inner is FaultyAllocator || (inner is WrappingAllocator { Inner: var next } && Fails(next));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe void* AllocateRinged(CheckedRings rings, nuint byteCount, bool zeroed, ulong allocation)
    {
        int sizeClass = SizeClasses.Of(byteCount);
        byte* block = (byte*)rings.TakeOldest(sizeClass);
        bool isAtHand = block != null && _marks.AreIntactInRing(block, sizeClass);
        if (!isAtHand && (block = TakeFresh(block, sizeClass)) == null)
        {
            return null;
        }

        _marks.Open(CheckedHeader.Of(block), rings.NextSerial(), byteCount, allocation);
        CheckedFill.Set(block, byteCount, zeroed ? (byte)0 : CheckedFill.Fresh);
        return block;
    }

    /// <summary>Makes an intact block a freed one, and keeps it in a ring, if there are any.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe void KeepRinged(CheckedRings? rings, CheckedHeader* header, nuint byteCount, int sizeClass, ulong release, bool mayThrow)
    {
        _marks.Close(header, release);
        CheckedFill.SetLines((byte*)(header + 1), byteCount, CheckedFill.Forbidden);
        nint block = (nint)(header + 1);
        nint leaving = rings is null ? block : rings.Keep(sizeClass, block);
        if (leaving != 0)
        {
            Discard(leaving, mayThrow);
        }
    }

    /// <summary>A block for the ring from the inner allocator, because there was none or it is damaged.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private unsafe byte* TakeFresh(byte* damaged, int sizeClass)
    {
        if (damaged != null && CheckedBlocks.FindInFreed((nint)damaged) is { } violation)
        {
            NativeMemoryGuard.Tell(violation, CheckedFindings.MayThrow);
        }

        var shape = CheckedShape.OfClass(sizeClass);
        byte* start = (byte*)TryObtain(shape.ByteCount, BlockAlignment, zeroed: false);
        if (start == null)
        {
            return null;
        }

        CheckedFill.SetLines(start, shape.ByteCount, CheckedFill.Forbidden);
        return start + shape.Front;
    }

    private unsafe void* AllocateKept(nuint byteCount, nuint alignment, bool zeroed, ulong allocation)
    {
        if (!CheckedShape.TryOf(byteCount, alignment, out CheckedShape shape))
        {
            return null;
        }

        byte* start = (byte*)TryObtain(shape.ByteCount, alignment, zeroed);
        if (start == null)
        {
            return null;
        }

        byte* block = start + shape.Front;
        CheckedHeader* header = CheckedHeader.Of(block);
        CheckedFill.SetLines((byte*)header - shape.Padding, shape.Padding + CheckedHeader.ByteCount, CheckedFill.Forbidden);
        CheckedFill.Set(block + byteCount, shape.Room - byteCount, CheckedFill.Forbidden);
        if (!zeroed)
        {
            CheckedFill.Set(block, nuint.Min(byteCount, CheckedQuarantine.LargestByteCount), CheckedFill.Fresh);
        }

        header->Serial = Interlocked.Increment(ref s_serial);
        header->Length = byteCount;
        header->Allocation = allocation;
        header->Release = 0;
        header->Mark = CheckedHeader.LiveMark(_id, isRinged: false, alignment);
        header->Checksum = CheckedHeader.Sum(header);
        if (_isKept)
        {
            CheckedQuarantine.Add((nint)block, this);
        }

        return block;
    }

    /// <summary>Memory of the inner allocator; what is kept goes back for it if need be.</summary>
    private unsafe void* TryObtain(nuint byteCount, nuint alignment, bool zeroed)
    {
        void* start;
        using (BudgetTrial.If(_isTriedAgain))
        {
            start = Inner.Obtain(byteCount, alignment, zeroed);
        }

        if (start == null && _isTriedAgain)
        {
            CheckedRings.EmptyAll();
            CheckedQuarantine.Empty();
            start = Inner.Obtain(byteCount, alignment, zeroed);
        }

        if (start != null && _ranges?.Add((nuint)start, byteCount) is { } other)
        {
            // The new block is not given back: that would free the other block.
            throw NativeMemoryGuard.Found(CheckedFindings.Overlap((nuint)start, byteCount, other, Name));
        }

        return start;
    }

    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed)
    {
        // Nothing has changed when this throws.
        ulong release = (uint)AllocationSite.Resized.Id | (CheckedFindings.Here & ~(ulong)uint.MaxValue);
        if (FindAtFree(block, oldByteCount, alignment, release) is { } violation)
        {
            NativeMemoryGuard.Tell(violation, mayThrow: true);
        }

        CheckedHeader* header = CheckedHeader.Of(block);
        ulong allocation = header->Allocation;
        bool isRinged = newByteCount <= CheckedRings.LargestByteCount && alignment <= _ringAlignment;
        void* moved = isRinged
            ? CheckedRings.Of(this) is { } rings ? AllocateRinged(rings, newByteCount, zeroed, allocation) : null
            : AllocateKept(newByteCount, nuint.Max(alignment, BlockAlignment), zeroed, allocation);
        if (moved != null)
        {
            new Block(block, oldByteCount).CopyTo(new Block(moved, newByteCount));
            Keep(header, release, mayThrow: false);
        }

        return moved;
    }

    /// <summary>What is wrong with a block that is given back; null if nothing.</summary>
    private unsafe NativeMemoryViolation? FindAtFree(void* block, nuint byteCount, nuint alignment, ulong release)
    {
        bool isListed = _isKept && (byteCount > CheckedRings.LargestByteCount || alignment > _ringAlignment);
        if (((nuint)block & 15) != 0 || (isListed && !CheckedQuarantine.Knows((nint)block)))
        {
            return CheckedFindings.Unknown((nint)block, Name, release);
        }

        CheckedHeader* header = CheckedHeader.Of(block);
        if (header->Checksum != CheckedHeader.Sum(header))
        {
            return header->LooksLikeOne ? CheckedFindings.InLive(header, release) : CheckedFindings.Unknown((nint)block, Name, release);
        }

        return header->AllocatorId != _id ? CheckedFindings.WrongAllocator(header, CheckedNames.Of(header->AllocatorId), Name, release)
            : header->IsFreed ? CheckedFindings.DoubleFree(header, release)
            : header->Length != byteCount ? CheckedFindings.WrongSize(header, byteCount, release)
            : CheckedFindings.InLive(header, release);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private unsafe void FreeSlowly(void* block, nuint byteCount, nuint alignment, bool isBare)
    {
        ulong release = CheckedFindings.Here;
        NativeMemoryViolation? violation = FindAtFree(block, byteCount, alignment, release);
        if (violation is null)
        {
            Keep(CheckedHeader.Of(block), release, isBare);
            return;
        }

        if (violation.Kind is NativeMemoryViolationKind.Overflow or NativeMemoryViolationKind.Underflow or NativeMemoryViolationKind.CorruptedHeader)
        {
            CheckedQuarantine.Leave((nint)block);
        }

        if (violation.Kind is NativeMemoryViolationKind.Overflow or NativeMemoryViolationKind.Underflow)
        {
            // Nobody uses it again. But who gives it back once more is told so.
            CheckedBlocks.Retire(CheckedHeader.Of(block), release, isFilled: false);
        }

        NativeMemoryGuard.Tell(violation, isBare);
    }

    private unsafe void GiveToInner(CheckedHeader* header)
    {
        CheckedShape shape = CheckedShape.Of(header);
        byte* start = (byte*)(header + 1) - shape.Front;
        _ranges?.Remove((nuint)start, shape.ByteCount);
        Inner.GiveBack(start, shape.ByteCount, header->Alignment);
    }

    /// <summary>Makes an intact block a freed one, and keeps it as its kind is kept.</summary>
    private unsafe void Keep(CheckedHeader* header, ulong release, bool mayThrow)
    {
        nint block = (nint)(header + 1);
        if (header->IsRinged)
        {
            KeepRinged(CheckedRings.Of(this), header, header->Length, SizeClasses.Of(header->Length), release, mayThrow);
        }
        else if (!_isKept)
        {
            GiveToInner(header);
        }
        else
        {
            List<(CheckedAllocator Owner, nint Block)> leaving = [];
            if (!CheckedQuarantine.TryKeep(block, CheckedShape.Of(header).ByteCount, release, leaving))
            {
                NativeMemoryGuard.Tell(CheckedFindings.DoubleFree(header, release), mayThrow);
            }

            foreach ((CheckedAllocator owner, nint left) in leaving)
            {
                owner.Discard(left, mayThrow);
            }
        }
    }
}
