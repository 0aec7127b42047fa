using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Stats;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Arenas;

/// <summary>What an arena does when there is no room left, and when a scope or the arena ends.</summary>
/// <remarks>
/// Chunks double up to the largest block that the thread cache keeps, so growing and rewinding again and again needs no call into
/// C. What is larger gets a chunk of its own, and the room before it stays in use.
/// </remarks>
internal static class ArenaGrowth
{
    /// <summary>In bytes.</summary>
    public const uint SmallestChunk = 4096;

    /// <summary>In bytes.</summary>
    public const uint LargestChunk = SizeClasses.Largest;

    /// <summary>As <see cref="ArenaCursor.Allocate"/>, when that did not find its way.</summary>
    /// <safety>The result has so many bytes, until the cursor's scope ends.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe void* Allocate(ArenaCursor cursor, nuint byteCount, nuint alignment, bool zeroed)
    {
        ThrowIfNotCurrent(cursor);
        ArenaHeader* header = cursor.Header;
        // Nothing fits everywhere, also where its alignment does not.
        void* start = byteCount == 0 ? (void*)header->Next : TryBump(header, byteCount, alignment);
        if (start == null)
        {
            start = AllocateInNewChunk(cursor, byteCount, alignment, ref zeroed);
        }

        if (zeroed)
        {
            new Block(start, byteCount).ClearFrom(0);
        }

        return start;
    }

    /// <summary>Begins a scope; its cursor.</summary>
    public static ArenaCursor BeginScope(ArenaCursor cursor)
    {
        ThrowIfNotCurrent(cursor);
        unsafe
        {
            // SAFETY: the cursor is current, so the header is there, and the mark has its size.
            ArenaHeader* header = cursor.Header;
            var before = new ArenaMark
            {
                Ticket = header->LastTicket + ArenaGate.Step,
                OuterTicket = cursor.Ticket,
                Outer = header->Innermost,
                Last = header->Last,
                Next = header->Next,
                End = header->End,
                Reserve = header->Reserve,
            };
            var mark = (ArenaMark*)Allocate(cursor, (nuint)sizeof(ArenaMark), sizeof(ulong), zeroed: false);
            *mark = before;
            header->Innermost = mark;
            header->LastTicket = before.Ticket;
            if (cursor.Owner is null)
            {
                // The gate is the slot's: its generation is the ticket.
                LoanLedger.RenameTo(header->First.Slot, new Generation(before.Ticket));
            }

            cursor.Gate.Ticket = before.Ticket;
            return new ArenaCursor(ref cursor.Gate, before.Ticket, header, cursor.Owner);
        }
    }

    /// <summary>Ends a scope, and those within it. Nothing if it is over.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void EndScope(ArenaCursor cursor)
    {
        unsafe
        {
            // SAFETY: the life goes on, so the header is there, and all marks on its list are.
            if (!cursor.IsNone && cursor.Gate.IsLifeOf(cursor.Ticket))
            {
                ArenaMark* mark = Find(cursor);
                if (mark != null)
                {
                    Rewind(cursor, *mark);
                }
            }
        }
    }

    /// <summary>Ends all scopes that are open.</summary>
    /// <safety>The life goes on.</safety>
    public static unsafe void EndScopes(ArenaCursor cursor)
    {
        ArenaMark* outermost = Outermost(cursor.Header);
        if (outermost != null)
        {
            Rewind(cursor, *outermost);
        }
    }

    /// <summary>The mark of the scope that is in no other; null if none is open.</summary>
    /// <safety>The life goes on.</safety>
    public static unsafe ArenaMark* Outermost(ArenaHeader* header)
    {
        ArenaMark* mark = header->Innermost;
        while (mark != null && mark->Outer != null)
        {
            mark = mark->Outer;
        }

        return mark;
    }

    /// <summary>Ends the life of an arena that lives in a scope, when that has more than its first chunk, or an open scope. Nothing if it is over.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void EndArena(ArenaCursor cursor)
    {
        unsafe
        {
            // SAFETY: the life goes on, so the header is there, until the slot is returned, which is this thread's and the arena's alone.
            if (cursor.IsNone || !cursor.Gate.IsLife(cursor.Ticket))
            {
                return;
            }

            // The life first: should an allocator's free throw after all, nobody finds what it freed.
            ArenaHeader* header = cursor.Header;
            Slot* slot = header->First.Slot;
            cursor.Gate.End(header->LastTicket + ArenaGate.Step);
            try
            {
                FreeChunks(cursor, &header->First);
            }
            finally
            {
                ThreadCache.Return(slot, slot->Home);
            }
        }
    }

    /// <summary>Gives back what came behind a chunk.</summary>
    /// <safety>The header is there, and nobody uses what is in those chunks.</safety>
    public static unsafe void FreeChunks(ArenaCursor cursor, ArenaChunk* last)
    {
        ArenaHeader* header = cursor.Header;
        while (header->Last != last)
        {
            ArenaChunk* chunk = header->Last;
            header->Last = chunk->Previous;
            if (cursor.Owner is { } owner)
            {
                owner.Chunks.ReturnLast();
            }
            else
            {
                Slot* slot = chunk->Slot;
                slot->Generation = slot->Generation.Next;
                ThreadCache.Return(slot, slot->Home);
            }
        }
    }

    private static unsafe void* TryBump(ArenaHeader* header, nuint byteCount, nuint alignment)
    {
        ulong start = (header->Next + (alignment - 1)) & ~((ulong)alignment - 1);
        ulong end = start + byteCount;
        if (end < start || end > header->End)
        {
            return null;
        }

        header->Next = end;
        return (void*)start;
    }

    /// <param name="cursor">Is current.</param>
    /// <param name="byteCount">In bytes.</param>
    /// <param name="alignment">In bytes.</param>
    /// <param name="zeroed">What is asked for; false afterwards if there is nothing left to clear.</param>
    private static unsafe void* AllocateInNewChunk(ArenaCursor cursor, nuint byteCount, nuint alignment, ref bool zeroed)
    {
        ArenaHeader* header = cursor.Header;
        nuint overhead = (nuint)sizeof(ArenaChunk) + ArenaHeader.Slack + alignment;
        if (!Layout.TryAdd(byteCount, overhead, out nuint needed))
        {
            throw AllocatorOf(header).RefusalOf(byteCount);
        }

        if (byteCount > (ulong)header->Reserve + (header->End - header->Next))
        {
            throw ThrowHelper.ArenaLimit(header->Limit, byteCount);
        }

        ArenaChunk* last = header->Last;
        bool isAlone = needed > header->NextByteCount;

        // What the cache does not keep may come from where zeroes cost nothing.
        bool comesZeroed = zeroed && needed > LargestChunk;
        ArenaChunk* chunk = AddChunk(cursor, isAlone ? needed : header->NextByteCount, comesZeroed);
        zeroed &= !comesZeroed;
        ulong first = (ulong)chunk + (ulong)sizeof(ArenaChunk);
        ulong start = (first + (alignment - 1)) & ~((ulong)alignment - 1);
        if (isAlone)
        {
            // So that the next of this size need not be alone.
            header->NextByteCount = nuint.Clamp(needed * 2, header->NextByteCount, LargestChunk);
            _ = header->TrySpend(byteCount);
            return (void*)start;
        }

        // The padding, which counts too, is known only now.
        if (start - first + byteCount > (ulong)header->Reserve + (header->End - header->Next))
        {
            FreeChunks(cursor, last);
            throw ThrowHelper.ArenaLimit(header->Limit, byteCount);
        }

        header->Open(first, (ulong)chunk + chunk->Slot->ByteCount - ArenaHeader.Slack);
        header->NextByteCount = nuint.Min(header->NextByteCount * 2, LargestChunk);
        return TryBump(header, byteCount, alignment);
    }

    private static unsafe ArenaChunk* AddChunk(ArenaCursor cursor, nuint byteCount, bool zeroed)
    {
        ArenaHeader* header = cursor.Header;
        Slot* slot = cursor.Owner is { } owner ? owner.Chunks.Take(byteCount, zeroed) : TryTake(header, byteCount, zeroed);
        if (slot == null)
        {
            throw AllocatorOf(header).RefusalOf(byteCount);
        }

        var chunk = (ArenaChunk*)slot->Start;
        chunk->Previous = header->Last;
        chunk->Slot = slot;
        chunk->Index = header->Last->Index + 1;
        header->Last = chunk;
        return chunk;
    }

    private static unsafe Slot* TryTake(ArenaHeader* header, nuint byteCount, bool zeroed)
    {
        Slot* first = header->First.Slot;
        if (first->Kind != SlotKind.Foreign)
        {
            return Lease.TryTake(byteCount, zeroed);
        }

        AllocationSite.Note(AllocationSite.FromId(header->AllocationSiteId));
        return Uncached.TryTakeFrom(Uncached.AllocatorOf(first), byteCount, zeroed);
    }

    private static unsafe NativeAllocator AllocatorOf(ArenaHeader* header) =>
        header->First.Slot->Kind == SlotKind.Foreign ? Uncached.AllocatorOf(header->First.Slot) : NativeAllocator.Default;

    /// <summary>Makes the arena what it was when a scope began.</summary>
    /// <param name="cursor">Of any scope of the arena's life.</param>
    /// <param name="mark">A copy: what it was read from may be in a chunk that is freed now.</param>
    /// <safety>The life goes on.</safety>
    private static unsafe void Rewind(ArenaCursor cursor, ArenaMark mark)
    {
        ArenaHeader* header = cursor.Header;
        header->Next = mark.Next;
        header->End = mark.End;
        header->Reserve = mark.Reserve;
        header->Innermost = mark.Outer;
        cursor.Gate.Ticket = mark.OuterTicket;
        FreeChunks(cursor, mark.Last);
    }

    /// <summary>The mark of an open scope; null if it is over.</summary>
    private static unsafe ArenaMark* Find(ArenaCursor cursor)
    {
        ArenaMark* mark = cursor.Header->Innermost;
        while (mark != null && mark->Ticket != cursor.Ticket)
        {
            mark = mark->Outer;
        }

        return mark;
    }

    /// <exception cref="InvalidOperationException">A scope within is open.</exception>
    /// <exception cref="ObjectDisposedException">It is over.</exception>
    private static void ThrowIfNotCurrent(ArenaCursor cursor)
    {
        if (cursor.IsCurrent)
        {
            return;
        }

        unsafe
        {
            // SAFETY: the header is looked at only while the life goes on.
            bool isOpen = !cursor.IsNone && cursor.Gate.IsLifeOf(cursor.Ticket)
                && (cursor.Gate.IsLife(cursor.Ticket) || Find(cursor) != null);
            throw isOpen ? ThrowHelper.ScopeOpen() : ThrowHelper.Disposed("Arena");
        }
    }
}
