using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks;

/// <summary>The free blocks of one size that one thread keeps for its next buffers: the home of their slots while they are in use.</summary>
/// <remarks>
/// <para>First comes <see cref="Hot"/>, the block freed last. A buffer that is created and disposed again and again only moves this one
/// pointer: the processor waits for one store to reach one load, and for nothing else. A place that is closed has no room for a block.</para>
/// <para>Next come the loaded magazine, a counted stack of slots, and a previous magazine that is full or empty. Whole magazines move to and
/// from the depot. So a thread that sways around a boundary does not trade one block at a time (Bonwick and Adams, Magazines and
/// Vmem, 2001).</para>
/// <para>The thread of the bin, its <i>owner</i>, uses the magazines with plain loads and stores. Now and then a <i>visitor</i> takes their
/// blocks away: they take turns at the <see cref="Gate"/>. The owner takes only while there are more slots than the floor, and gives only
/// while there are fewer than <c>_limit</c> minus the floor. A stack needs the comparisons anyway: the protection from visitors costs two
/// stores and one subtraction a round trip. If visitors closed the bin by <c>_limit</c> alone,
/// an owner that was let in just before could open it again.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct Bin
{
    /// <summary>The number of takes before which a slot is fetched, and then its block and the handle of its cleaner.</summary>
    /// <remarks>
    /// If many blocks are live, all three come from far away, and the second one's address is known late. Measured with 100,000 blocks of 64 B that
    /// were freed in random order: 28 ns for a rental instead of 63.
    /// </remarks>
    private const int SlotsAhead = 16, WordsAhead = 6;

    /// <summary>The block freed last, or null. While the place is closed: <see cref="NoRoom"/>.</summary>
    /// <remarks>Only the owner writes it, and a visitor that closes it: see <c>WithdrawnBlocks</c>.</remarks>
    public unsafe Slot* Hot;

    /// <summary>The owner is inside while it uses the magazines, or returns a slot in use.</summary>
    public VisitGate Gate;

    /// <summary>The room of the loaded magazine, in slots. A visitor writes it too, but only while the owner is out.</summary>
    private int _limit;

    /// <summary>The number of slots in the loaded magazine.</summary>
    private int _count;

    private unsafe Magazine* _loaded;
    private unsafe Magazine* _previous;

    /// <summary>The slot on top at the last visit, and its generation, as one number: see <see cref="WasIdle"/>. The same for the hot slot.</summary>
    private uint _seenTop, _seenHot;

    /// <summary>The cache that the bin is part of. Untyped, because caches are made of bins.</summary>
    /// <safety>The cache contains the bin, or its thread is the owner. Caches are never unmapped. <see cref="NoCache"/> is not followed.</safety>
    public unsafe void* Cache { get; private set; }

    public int SizeClass { get; private set; }

    /// <summary>
    /// In a process that takes samples: the number of blocks before the next sample. 0 before the first block was counted. It fills
    /// the cache line, so a bin has no room for another field.
    /// </summary>
    public int UntilSample;

    /// <summary>A value of <see cref="Hot"/> that is no slot: the place takes no block. For ever, or until the owner has reserved room for it.</summary>
    /// <safety>The pointer is compared, never followed.</safety>
    public static unsafe Slot* NoRoom => (Slot*)1;

    /// <summary>A value of <see cref="Cache"/> that is no cache: no thread is the owner, and none takes the bin for its own.</summary>
    /// <safety>The pointer is compared, never followed.</safety>
    public static unsafe void* NoCache => (void*)1;

    /// <summary>Whether blocks may be kept here.</summary>
    /// <safety>The pointer is compared, not followed.</safety>
    public readonly unsafe bool HasRoom => _loaded != Magazine.None;

    /// <summary>The number of blocks in the magazines; a guess while the owner works.</summary>
    /// <safety>The caller is the bin's owner, or a visitor that waits until the owner is outside: the magazines stay with the bin.</safety>
    public readonly unsafe int Count => _count + _previous->Count;

    /// <summary>Makes a bin without room.</summary>
    /// <safety>The bin is part of the cache, and no thread uses it yet.</safety>
    public static unsafe void Initialize(Bin* bin, void* cache, int sizeClass) =>
        *bin = new Bin { Hot = NoRoom, Cache = cache, SizeClass = sizeClass, _loaded = Magazine.None, _previous = Magazine.None };

    /// <summary>Closes the hot place again if the owner found it closed, and has stored null there.</summary>
    /// <param name="bin">The bin; null only if <paramref name="found"/> is null.</param>
    /// <param name="found">Null or <see cref="NoRoom"/>.</param>
    /// <safety>The caller is the owner.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void StayClosed(Bin* bin, Slot* found)
    {
        if (found != null)
        {
            bin->Hot = NoRoom;
        }
    }

    /// <summary>Reads <see cref="Hot"/> as a number, which the owner may write at the same time.</summary>
    public nint ReadHot()
    {
        unsafe
        {
            // SAFETY: bins are never unmapped, and do not move.
            return Volatile.Read(ref *(nint*)Unsafe.AsPointer(ref this));
        }
    }

    /// <summary>Takes the slot that was given last, and sets its home to this bin; null when the loaded magazine is empty.</summary>
    /// <safety>The caller is the owner, and has the slot from now on.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Slot* TryTake(Bin* bin)
    {
        Slot* slot = TryTakeInside(bin, bin->Gate.Begin());
        bin->Gate.Leave();
        return slot;
    }

    /// <summary>The same as <see cref="TryTake"/>, for an owner that came in and found this floor.</summary>
    /// <inheritdoc cref="TryTake" path="/safety"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Slot* TryTakeInside(Bin* bin, int floor)
    {
        int count = bin->_count;
        Slot* slot = null;
        if (count > floor)
        {
            count--;
            Slot** slots = Magazine.Slots(bin->_loaded);
            slot = slots[count];
            slot->Home = bin;
            bin->_count = count;
            if (count >= SlotsAhead)
            {
                Slot* soon = slots[count - WordsAhead];
                CacheLine.Prefetch(slots[count - SlotsAhead]);
                CacheLine.Prefetch(soon->Start);
                CacheLine.Prefetch(soon->Cleaner != 0 ? (void*)soon->Cleaner : soon);
            }
        }

        return slot;
    }

    /// <summary>Puts a slot on top, which then has no home; false when the loaded magazine is full.</summary>
    /// <safety>The caller is the owner, and gives the slot up.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool TryGive(Bin* bin, Slot* slot)
    {
        bool given = TryGiveInside(bin, slot, bin->Gate.Begin());
        bin->Gate.Leave();
        return given;
    }

    /// <summary>The same as <see cref="TryGive"/>, for an owner that came in and found this floor.</summary>
    /// <inheritdoc cref="TryGive" path="/safety"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool TryGiveInside(Bin* bin, Slot* slot, int floor)
    {
        int count = bin->_count;
        bool given = count < bin->_limit - floor;
        if (given)
        {
            // A release: a thread that finds no home must find the generation, too, which the owner has perhaps just stored.
            Volatile.Write(ref *(nint*)&slot->Home, 0);
            Magazine.Slots(bin->_loaded)[count] = slot;
            bin->_count = count + 1;
        }

        return given;
    }

    /// <summary>Exchanges the magazines if the previous one has the slots, or the room, that the loaded one lacks.</summary>
    /// <param name="wanted">True to take next, false to give next.</param>
    /// <returns>Whether there is now a slot to take, or room to give.</returns>
    /// <safety>The caller is the owner.</safety>
    public unsafe bool TrySwap(bool wanted)
    {
        Gate.Enter();
        bool useful = wanted
            ? _count > 0 || _previous->Count > 0
            : _count < _limit || (_previous != Magazine.None && _previous->Count == 0);
        if (useful && (wanted ? _count == 0 : _count >= _limit))
        {
            _previous = Load(_previous);
        }

        Gate.Leave();
        return useful;
    }

    /// <summary>Loads a magazine. The loaded one becomes the previous one, and the previous one is the result.</summary>
    /// <returns>A magazine to give to the depot: the argument itself if a visitor has closed the bin.</returns>
    /// <safety>The caller is the owner, gives up the magazine, and has the result from now on.</safety>
    public unsafe Magazine* Push(Magazine* magazine)
    {
        Gate.Enter();
        Magazine* last = magazine;
        if (HasRoom)
        {
            last = _previous;
            _previous = Load(magazine);
        }

        Gate.Leave();
        return last;
    }

    /// <summary>Gives the bin its magazines.</summary>
    /// <safety>The caller is the owner, and gives up the magazines, which are empty; the bin has none yet.</safety>
    public unsafe void Open(Magazine* loaded, Magazine* previous)
    {
        Gate.Enter();
        _previous = previous;
        _ = Load(loaded);
        _limit = loaded->Capacity;
        Gate.Leave();
    }

    /// <summary>Gives the bin to the thread of another cache, or to none (<see cref="NoCache"/>). Only the cache changes, in one store.</summary>
    /// <safety>The caller is the owner or its heir, the bin is closed, and the cache does not contain the bin.</safety>
    public unsafe void MoveTo(void* cache) => Cache = cache;

    /// <summary>Whether no slot was taken or given since the last call.</summary>
    /// <safety>The caller is a visitor, and the owner is out.</safety>
    public unsafe bool WasIdle()
    {
        // After each change, the slot given last lies on top, in a new generation.
        return IsSame(ref _seenTop, _count == 0 ? null : Magazine.Slots(_loaded)[_count - 1]);
    }

    /// <summary>Whether the hot place is as it was at the last call.</summary>
    /// <param name="isEmpty">Whether it has no slot.</param>
    /// <safety>The caller is a visitor. The owner may use the place at the same time.</safety>
    public unsafe bool WasHotIdle(out bool isEmpty)
    {
        nint hot = ReadHot();
        isEmpty = hot <= (nint)NoRoom;
        return IsSame(ref _seenHot, isEmpty ? null : (Slot*)hot);
    }

    /// <summary>Takes out the slots that the last such call found here, too, and that were not used since. Notes the rest for the next call.</summary>
    /// <returns>A list of slots, linked by <see cref="Slot.Next"/>.</returns>
    /// <safety>The caller is a visitor, the owner is out, and the bin is open. The slots are the caller's from now on.</safety>
    public unsafe Slot* TakeIdle()
    {
        // The magazines stay in the bin: an owner that waits outside must not find that the bin has no room, and open it once more.
        Slot* idle = null;
        _loaded->Count = _count;
        TakeIdle(_loaded, ref idle);
        _count = _loaded->Count;
        TakeIdle(_previous, ref idle);
        return idle;
    }

    /// <summary>Gives both magazines up, with their slots. The owner opens the bin again when it next needs it.</summary>
    /// <safety>The caller is a visitor while the owner is out, or the owner has ended. The magazines are the caller's from now on.</safety>
    public unsafe void Close(out Magazine* loaded, out Magazine* previous)
    {
        loaded = Load(Magazine.None);
        previous = _previous;
        _previous = Magazine.None;
        _limit = 0;
    }

    /// <summary>Loads a magazine, and returns the one that was loaded.</summary>
    /// <safety>The caller is inside, or a visitor while the owner is out.</safety>
    private unsafe Magazine* Load(Magazine* magazine)
    {
        Magazine* last = _loaded;
        if (last != Magazine.None)
        {
            last->Count = _count;
        }

        _loaded = magazine;
        _count = magazine->Count;
        return last;
    }

    /// <summary>Whether a slot and its generation are those of the last call.</summary>
    /// <remarks>If two such numbers are equal by chance, a bin in use is emptied, which costs time and nothing else.</remarks>
    /// <safety>The slot is null, or never unmapped.</safety>
    private static unsafe bool IsSame(ref uint seen, Slot* slot)
    {
        const ulong GoldenRatio = 0x9E3779B97F4A7C15;
        uint now = slot == null ? 0 : (uint)((((ulong)slot + (slot->ReadGeneration().Value * GoldenRatio)) * GoldenRatio) >> 32);
        bool same = now == seen;
        seen = now;
        return same;
    }

    /// <inheritdoc cref="TakeIdle()"/>
    private static unsafe void TakeIdle(Magazine* magazine, ref Slot* idle)
    {
        int kept = 0;
        for (int i = 0; i < magazine->Count; i++)
        {
            Slot* slot = Magazine.Slots(magazine)[i];
            if (slot->Note == slot->Generation.Value)
            {
                slot->Next = idle;
                idle = slot;
            }
            else
            {
                slot->Note = slot->Generation.Value;
                Magazine.Slots(magazine)[kept++] = slot;
            }
        }

        magazine->Count = kept;
    }
}
