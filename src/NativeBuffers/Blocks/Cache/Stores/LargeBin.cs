using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>The large blocks that one thread freed last, for its next requests of the same sizes.</summary>
/// <remarks>
/// <para>The block freed last is the <i>hot</i> one. The older ones are in an array, and the oldest of them come first.</para>
/// <para>The owner and visitors take turns at the <see cref="Gate"/>.</para>
/// <para>The bin has <i>reserved</i> bytes of the process's limit: some for a hot block, some for older blocks, some unused. A reservation stays
/// when the owner takes a block, so a thread that uses the same blocks again and again pays for no atomic operation. Visitors end the
/// part that no block here needs. Between the bin and the store, a block takes its reservation with it.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct LargeBin
{
    /// <summary>The most blocks in the array.</summary>
    public const int MostOlder = 15;

    /// <summary>The number of older blocks that a bin holds whatever their size, if the process has room for them.</summary>
    private const int AlwaysKept = 1;

    /// <summary>The owner is inside while it uses the bin.</summary>
    public VisitGate Gate;

    /// <summary>The hot block, or null.</summary>
    private unsafe Slot* _hot;

    /// <summary>The size of the hot block, or of the last one. So a thread that uses one size stores only the pointer.</summary>
    private nuint _hotBytes;

    /// <summary>The number of request sizes that a block of this size serves, down from its own size.</summary>
    private nuint _hotStep;

    /// <summary>The bytes that are reserved for a hot block, whether there is one or not.</summary>
    private nuint _hotReserved;

    /// <summary>The bytes that are reserved, and neither for a hot block nor for an older one.</summary>
    private long _unusedBytes;

    /// <summary>The number of uses out of line, the hot block and its generation at the last visit, as one number.</summary>
    private ulong _seen;

    /// <summary>The number of uses out of line, which may wrap.</summary>
    private int _uses;

    private int _olderCount;

    private long _olderBytes;

    private Entries _older;

    /// <summary>The bytes of the blocks here; a guess while the owner works.</summary>
    public readonly long HeldBytes => (long)HotBytes + Volatile.Read(in _olderBytes);

    /// <safety>The pointer is compared, not followed.</safety>
    private readonly unsafe nuint HotBytes => _hot == null ? 0 : _hotBytes;

    /// <summary>Takes the hot block if it has the right size; null otherwise, and during a visit.</summary>
    /// <param name="bin">The bin.</param>
    /// <param name="byteCount">The size of the request; any number.</param>
    /// <safety>The caller is the owner, and has the slot from now on.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Slot* TryTakeHot(LargeBin* bin, nuint byteCount)
    {
        Slot* slot = null;
        if (bin->Gate.Begin() == 0 && bin->_hotBytes - byteCount < bin->_hotStep)
        {
            // Perhaps null.
            slot = RemoveHot(bin);
        }

        bin->Gate.Leave();
        return slot;
    }

    /// <summary>Takes a block of a size; null if there is none.</summary>
    /// <param name="bin">The bin.</param>
    /// <param name="blockBytes">A result of <see cref="LargeSizes.RoundUp"/>.</param>
    /// <inheritdoc cref="TryTakeHot" path="/safety"/>
    public static unsafe Slot* TryTake(LargeBin* bin, nuint blockBytes)
    {
        Enter(bin);
        Slot* slot = null;
        if (bin->HotBytes == blockBytes)
        {
            slot = RemoveHot(bin);
        }
        else
        {
            Entry* entries = (Entry*)&bin->_older;
            for (int i = bin->_olderCount - 1; i >= 0; i--)
            {
                if (entries[i].ByteCount == blockBytes)
                {
                    slot = Remove(bin, i);
                    break;
                }
            }
        }

        bin->Gate.Leave();
        return slot;
    }

    /// <summary>Makes a block the hot one; false if there is one already, and during a visit.</summary>
    /// <safety>The caller is the owner, and gives the slot up.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool TryGiveHot(LargeBin* bin, Slot* slot)
    {
        nuint byteCount = slot->ByteCount;
        bool isGiven = false;
        if (bin->Gate.Begin() == 0 && bin->_hot == null && byteCount <= bin->_hotReserved)
        {
            slot->Home = null;
            SetHot(bin, slot, byteCount);
            isGiven = true;
        }

        bin->Gate.Leave();
        return isGiven;
    }

    /// <summary>Puts a block here, if the process has room for it. Older blocks make room in the bin.</summary>
    /// <param name="bin">The bin.</param>
    /// <param name="slot">The slot of the block.</param>
    /// <param name="left">The slots that have left the bin, linked by <see cref="Slot.Next"/>. Their bytes are reserved.</param>
    /// <returns>False if there is no room.</returns>
    /// <safety>The caller is the owner, and gives up the slot. The slots that have left the bin are the caller's.</safety>
    public static unsafe bool TryGive(LargeBin* bin, Slot* slot, ref Slot* left)
    {
        Enter(bin);
        if (bin->_hot != null)
        {
            MakeOlder(bin, ref left);
        }

        bool hasRoom;
        while (!(hasRoom = TryReserveHot(bin, slot->ByteCount)) && bin->_olderCount > 0)
        {
            RemoveOldest(bin, ref left);
        }

        if (hasRoom)
        {
            slot->Home = null;
            SetHot(bin, slot, slot->ByteCount);
        }

        bin->Gate.Leave();
        return hasRoom;
    }

    /// <summary>Takes over the reservation of a block that leaves the store for the owner.</summary>
    /// <safety>The caller is the owner.</safety>
    public static unsafe void AddReserved(LargeBin* bin, long byteCount)
    {
        Enter(bin);
        bin->_unusedBytes += byteCount;
        bin->Gate.Leave();
    }

    /// <summary>Waits until the owner is out, takes the blocks, ends the unused reservation, and ends the visit.</summary>
    /// <param name="bin">The bin.</param>
    /// <param name="idleOnly">Whether to take nothing if the owner has given a block since the last visit.</param>
    /// <param name="list">Where to link the slots, by <see cref="Slot.Next"/>.</param>
    /// <returns>The number of slots.</returns>
    /// <safety>The visit was announced, and a barrier of the whole process came after. The slots are the caller's from now on.</safety>
    public static unsafe int Visit(LargeBin* bin, bool idleOnly, ref Slot* list)
    {
        bin->Gate.WaitForOwner();
        bool wasIdle = WasIdle(bin);
        int count = idleOnly && !wasIdle ? 0 : Empty(bin, ref list);
        ReleaseUnused(bin);
        bin->Gate.EndVisit();
        return count;
    }

    /// <summary>Takes all blocks, and ends the reservation.</summary>
    /// <param name="bin">The bin.</param>
    /// <param name="list">Where to link the slots, by <see cref="Slot.Next"/>.</param>
    /// <returns>The number of slots.</returns>
    /// <safety>The owner is out during a visit, or has ended. The slots are the caller's from now on.</safety>
    public static unsafe int Empty(LargeBin* bin, ref Slot* list)
    {
        int count = 0;
        if (bin->_hot != null)
        {
            Link(ref list, RemoveHot(bin));
            count++;
        }

        for (; bin->_olderCount > 0; count++)
        {
            Link(ref list, Remove(bin, bin->_olderCount - 1));
        }

        ReleaseUnused(bin);
        return count;
    }

    /// <summary>Puts a slot in front of a list.</summary>
    /// <safety>The slot is the caller's, and its block has no user.</safety>
    public static unsafe void Link(ref Slot* list, Slot* slot)
    {
        slot->Next = list;
        list = slot;
    }

    /// <summary>Makes the hot block an older one.</summary>
    /// <safety>The caller is inside. There is a hot block. The slots that leave the bin are the caller's.</safety>
    private static unsafe void MakeOlder(LargeBin* bin, ref Slot* left)
    {
        nuint byteCount = bin->_hotBytes;
        Slot* slot = RemoveHot(bin);
        bin->_unusedBytes += (long)bin->_hotReserved;
        bin->_hotReserved = 0;
        long most = CacheLimits.ProcessBytes / 16;
        while (bin->_olderCount == MostOlder || (bin->_olderCount >= AlwaysKept && bin->_olderBytes + (long)byteCount > most))
        {
            RemoveOldest(bin, ref left);
        }

        bin->_unusedBytes -= (long)byteCount;
        bin->_olderBytes += (long)byteCount;
        ((Entry*)&bin->_older)[bin->_olderCount++] = new Entry { Slot = slot, ByteCount = byteCount };
    }

    /// <summary>Whether bytes for a hot block are reserved, or can be.</summary>
    /// <safety>The caller is inside. There is no hot block.</safety>
    private static unsafe bool TryReserveHot(LargeBin* bin, nuint byteCount)
    {
        bin->_unusedBytes += (long)bin->_hotReserved;
        bin->_hotReserved = 0;
        long missing = (long)byteCount - bin->_unusedBytes;
        if (missing > 0)
        {
            if (!CacheLimits.TryReserveLarge(missing))
            {
                return false;
            }

            bin->_unusedBytes = (long)byteCount;
        }

        bin->_unusedBytes -= (long)byteCount;
        bin->_hotReserved = byteCount;
        return true;
    }

    /// <summary>Takes the oldest block with its reservation.</summary>
    /// <safety>The caller is inside. There is an older block, which is the caller's.</safety>
    private static unsafe void RemoveOldest(LargeBin* bin, ref Slot* left)
    {
        Slot* slot = Remove(bin, 0);
        bin->_unusedBytes -= (long)slot->ByteCount;
        Link(ref left, slot);
    }

    /// <safety>The caller is inside, or a visitor while the owner is out. The index is below the number of older blocks.</safety>
    private static unsafe Slot* Remove(LargeBin* bin, int index)
    {
        Entry* entries = (Entry*)&bin->_older;
        Entry removed = entries[index];
        int last = bin->_olderCount - 1;
        for (int i = index; i < last; i++)
        {
            entries[i] = entries[i + 1];
        }

        bin->_olderCount = last;
        bin->_olderBytes -= (long)removed.ByteCount;
        bin->_unusedBytes += (long)removed.ByteCount;
        return removed.Slot;
    }

    /// <safety>The caller is inside, or a visitor while the owner is out. The slot is the caller's.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe Slot* RemoveHot(LargeBin* bin)
    {
        Slot* slot = bin->_hot;
        bin->_hot = null;
        return slot;
    }

    /// <safety>The caller is inside. There is no hot block, and the bytes of this one are reserved.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void SetHot(LargeBin* bin, Slot* slot, nuint byteCount)
    {
        bin->_hot = slot;
        if (byteCount != bin->_hotBytes)
        {
            bin->_hotBytes = byteCount;
            bin->_hotStep = LargeSizes.StepOf(byteCount);
        }
    }

    /// <safety>The caller is a visitor while the owner is out, or the owner has ended.</safety>
    private static unsafe void ReleaseUnused(LargeBin* bin)
    {
        nuint hotBytes = bin->HotBytes;
        long unused = bin->_unusedBytes + (long)(bin->_hotReserved - hotBytes);
        if (unused != 0)
        {
            CacheLimits.Release(unused);
            bin->_unusedBytes = 0;
            bin->_hotReserved = hotBytes;
        }
    }

    /// <summary>Whether the owner has not used the bin since the last call.</summary>
    /// <safety>The caller is a visitor, and the owner is out.</safety>
    private static unsafe bool WasIdle(LargeBin* bin)
    {
        // As in Bin.WasIdle: if two such numbers are equal by chance, a bin in use is emptied, which costs time and nothing else.
        ulong now = (uint)bin->_uses;
        if (bin->_hot != null)
        {
            now += (ulong)bin->_hot + (bin->_hot->Generation.Value * 0x9E3779B97F4A7C15);
        }

        bool isSame = now == bin->_seen;
        bin->_seen = now;
        return isSame;
    }

    /// <safety>The caller is the owner. Caches are never unmapped.</safety>
    private static unsafe void Enter(LargeBin* bin)
    {
        bin->Gate.Enter();
        bin->_uses++;
    }

    private struct Entry
    {
        public unsafe Slot* Slot;
        public nuint ByteCount;
    }

    [InlineArray(MostOlder)]
    private struct Entries
    {
        private Entry _first;
    }
}
