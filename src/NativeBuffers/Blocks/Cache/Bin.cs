using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache;

/// <summary>The blocks of one size that one thread keeps for its next buffers.</summary>
/// <remarks>
/// <para>In front is <see cref="Hot"/>, the block freed last. A buffer that is created and disposed again and again only
/// moves this one pointer: the processor waits for one store to reach one load, and for nothing else. Its thread alone
/// touches it.</para>
/// <para>Behind it is a counted stack of slots, the loaded magazine, and another magazine that is full or empty. Whole
/// magazines move to and from the depot, so a thread that sways around a boundary does not trade one block at a time. The
/// scheme is Bonwick and Adams's (Bins and Vmem, 2001).</para>
/// <para>The thread, the <i>owner</i>, uses the magazines with plain loads and stores. Now and then a <i>visitor</i> takes
/// their blocks away, and pays for both with a barrier in every core: Dekker's mutual exclusion made asymmetric (Dice,
/// Huang and Yang, 2001). The owner stores <see cref="Inside"/>, then loads the floor; the visitor raises the floor, then passes
/// <see cref="Interlocked.MemoryBarrierProcessWide"/>, then loads <see cref="Inside"/>. The barrier falls somewhere into the
/// owner's sequence. If behind its store, the visitor sees it, and waits until the owner is out. If before it, the
/// owner's load comes later still and finds the raised floor. On x64 the store may wait in the store buffer past the
/// load, and on Arm64 they may be reordered: the barrier, which runs on the owner's core too, settles both.</para>
/// <para>The floor is loaded before the count. So an owner that finds it down again after a visit (whose last store it
/// is, a release) sees all that the visitor did. The floor is part of a comparison that a stack needs anyway: the gate
/// costs two stores and one subtraction a round trip.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct Bin
{
    /// <summary>The block freed last, or null. In a bin that never takes a block: <see cref="NoRoom"/>.</summary>
    public unsafe Slot* Hot;

    /// <summary>1 while the owner uses the magazines, or makes a held slot the hot one.</summary>
    public int Inside;

    /// <summary>
    /// 0, or very large while a visitor is there: the owner takes only while there are more slots than this, and gives
    /// only while there are fewer than <c>_limit</c> minus this. Written by visitors only, while <c>_limit</c> is the
    /// owner's: if both wrote to one field, an owner that was let in just before could open what a visitor had closed.
    /// </summary>
    private int _floor;

    /// <summary>How many slots the loaded magazine has room for. A visitor writes it too, but only when the owner is out.</summary>
    private int _limit;

    /// <summary>How many slots the loaded magazine has.</summary>
    private int _count;

    private unsafe Magazine* _loaded;
    private unsafe Magazine* _previous;

    /// <summary>What lay on top at the last full collection, and in which generation, as one number.</summary>
    private ulong _seen;

    public unsafe ThreadCache* Cache { get; private set; }

    public int SizeClass { get; private set; }

    /// <summary>
    /// In a process that takes samples: how many blocks pass here before the next one. 0 before the first was counted. It fills
    /// the cache line: the row of bins has room for no more.
    /// </summary>
    public int UntilSample;

    /// <summary>A value of <see cref="Hot"/> that is no slot: the place is taken for ever.</summary>
    public static unsafe Slot* NoRoom => (Slot*)1;

    /// <summary>Whether blocks may be kept here.</summary>
    public readonly unsafe bool HasRoom => _loaded != Magazine.None;

    /// <summary>How many blocks are kept here; while the owner works, a guess.</summary>
    public readonly unsafe int Count => _count + _previous->Count;

    /// <summary>How many blocks a magazine of a size class holds: 128 KiB of them, but at least 1 and at most 128.</summary>
    public static int CapacityOf(int sizeClass) => (int)long.Clamp(128 * 1024 / (long)SizeClasses.SizeOf(sizeClass), 1, 128);

    /// <summary>A bin whose magazines have no room.</summary>
    /// <safety>The bin is part of the cache, and nobody uses it yet.</safety>
    public static unsafe void Initialize(Bin* bin, ThreadCache* cache, int sizeClass) =>
        *bin = new Bin { Cache = cache, SizeClass = sizeClass, _loaded = Magazine.None, _previous = Magazine.None };

    /// <summary>Takes the slot that was given last, and sets its home to this bin; null when there is none at hand.</summary>
    /// <safety>The caller is the owner, and has the slot from now on.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Slot* TryTake(Bin* bin)
    {
        Volatile.Write(ref bin->Inside, 1);
        int floor = Volatile.Read(ref bin->_floor);
        int count = bin->_count;
        Slot* slot = null;
        if (count > floor)
        {
            count--;
            slot = Magazine.Slots(bin->_loaded)[count];
            slot->Home = bin;
            bin->_count = count;
        }

        Volatile.Write(ref bin->Inside, 0);
        return slot;
    }

    /// <summary>Puts a slot on top, which then has no home; false when there is no room at hand.</summary>
    /// <safety>The caller is the owner, and gives the slot up.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool TryGive(Bin* bin, Slot* slot)
    {
        Volatile.Write(ref bin->Inside, 1);
        int floor = Volatile.Read(ref bin->_floor);
        int count = bin->_count;
        bool given = count < bin->_limit - floor;
        if (given)
        {
            slot->Home = null;
            Magazine.Slots(bin->_loaded)[count] = slot;
            bin->_count = count + 1;
        }

        Volatile.Write(ref bin->Inside, 0);
        return given;
    }

    /// <summary>Exchanges the magazines if the one behind has what the loaded one lacks.</summary>
    /// <param name="wanted">True to take next, false to give next.</param>
    /// <safety>The caller is the owner.</safety>
    public unsafe bool TrySwap(bool wanted)
    {
        Enter();
        bool useful = wanted
            ? _count > 0 || _previous->Count > 0
            : _count < _limit || (_previous != Magazine.None && _previous->Count == 0);
        if (useful && (wanted ? _count == 0 : _count >= _limit))
        {
            Magazine* behind = Load(_previous);
            _previous = behind;
        }

        Leave();
        return useful;
    }

    /// <summary>Loads a magazine; the loaded one moves behind, and the one from there is the result.</summary>
    /// <returns>A magazine to give to the depotBin: the argument itself if a visitor has closed the bin meanwhile.</returns>
    /// <safety>The caller is the owner, gives up the magazine, and has the result from now on.</safety>
    public unsafe Magazine* Push(Magazine* magazine)
    {
        Enter();
        Magazine* last = magazine;
        if (HasRoom)
        {
            last = _previous;
            _previous = Load(magazine);
        }

        Leave();
        return last;
    }

    /// <summary>Gives the bin its magazines.</summary>
    /// <safety>The caller is the owner, and gives up the magazines, which are empty; the bin has none yet.</safety>
    public unsafe void Open(Magazine* loaded, Magazine* previous)
    {
        Enter();
        _previous = previous;
        _ = Load(loaded);
        _limit = loaded->Capacity;
        Leave();
    }

    /// <summary>A visitor raises the floor. Next: <see cref="Interlocked.MemoryBarrierProcessWide"/>, then <see cref="WaitForOwner"/>.</summary>
    /// <remarks>One visitor at a time: visitors hold a lock of their own.</remarks>
    public void Announce() => Volatile.Write(ref _floor, int.MaxValue);

    /// <summary>The visitor waits until the owner is out; it comes back in only after <see cref="EndVisit"/>.</summary>
    public void WaitForOwner()
    {
        Backoff backoff = default;
        while (Volatile.Read(ref Inside) != 0)
        {
            backoff.Pause();
        }
    }

    /// <summary>The visitor leaves.</summary>
    public void EndVisit() => Volatile.Write(ref _floor, 0);

    /// <summary>Whether nothing was taken or given since the last call.</summary>
    /// <safety>The caller is a visitor whom the owner has let in.</safety>
    public unsafe bool WasIdle()
    {
        // Whatever moved, the slot given last lies on top, in a generation that is new. Should two such numbers be equal
        // by chance, a bin that was used is emptied, which costs time and nothing else.
        Slot* top = _count == 0 ? null : Magazine.Slots(_loaded)[_count - 1];
        ulong now = top == null ? 0 : (ulong)top + (top->Generation.Value * 0x9E3779B97F4A7C15);
        bool same = now == _seen;
        _seen = now;
        return same;
    }

    /// <summary>Gives both magazines up, with what they hold. The owner opens the bin again when it next needs it.</summary>
    /// <returns>How many slots left.</returns>
    /// <safety>The caller is a visitor whom the owner has let in, or the owner has ended.</safety>
    public unsafe int Close(DepotBin depotBin)
    {
        int before = Count;
        Magazine* loaded = Load(Magazine.None);
        Magazine* previous = _previous;
        _previous = Magazine.None;
        _limit = 0;
        depotBin.Give(loaded);
        depotBin.Give(previous);
        return before;
    }

    /// <summary>Loads a magazine, and returns the one that was loaded.</summary>
    /// <safety>The caller is inside, or a visitor whom the owner has let in.</safety>
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

    /// <summary>The owner comes in, and waits while a visitor is there.</summary>
    private void Enter()
    {
        Volatile.Write(ref Inside, 1);
        while (Volatile.Read(ref _floor) != 0)
        {
            Volatile.Write(ref Inside, 0);
            Backoff backoff = default;
            while (Volatile.Read(ref _floor) != 0)
            {
                backoff.Pause();
            }

            Volatile.Write(ref Inside, 1);
        }
    }

    private void Leave() => Volatile.Write(ref Inside, 0);
}
