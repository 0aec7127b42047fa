using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Handles;

/// <summary>A block that another thread than its home has closed, while the home may still be at its last use. A pin keeps the block.</summary>
/// <remarks>
/// <para>The pin ends as soon as one of these is known:
/// <list type="bullet">
/// <item>the home has ended;</item>
/// <item>the home has done something else since (<see cref="MarkOf"/>): it took, freed or borrowed any block;</item>
/// <item>the collector found the list or the <see cref="LaterBlock"/> unreachable: the home keeps it alive during a use. This object's finalizer ends
/// the pin then.</item>
/// </list>
/// The first two are looked for when another block is retired, and when a list takes a block.</para>
/// <para>A home's mark is read after a barrier of the whole process, which comes after the home's name was taken away. If the mark
/// has changed, the home has stored something after that barrier, and was not in a use then. Each later use finds that the name is gone.</para>
/// </remarks>
internal sealed class RetiredBlock
{
    private static readonly UninterruptedLock s_lock = new();
    private static readonly List<Entry> s_entries = [];
    private static readonly ConditionalWeakTable<object, RetiredBlock> s_kept = [];
    private static int s_count;

    private readonly Entry _entry;

    private RetiredBlock(Entry entry) => _entry = entry;

    ~RetiredBlock()
    {
        try
        {
            _entry.End();
        }
        catch (Exception)
        {
            // A finalizer must not throw.
        }
    }

    /// <summary>The number of retired blocks that are kept, or whose end was not noticed yet.</summary>
    public static int Count => Volatile.Read(ref s_count);

    /// <summary>Keeps a closed block until its home is known to be elsewhere.</summary>
    /// <param name="keeper">The object that the home keeps alive during a use.</param>
    /// <param name="pin">A pin of the block, after the block was closed.</param>
    /// <param name="home">The cache of the home, whose name was taken away.</param>
    /// <param name="byteCount">The size of the block, which is reported to the collector.</param>
    /// <safety>Caches are never unmapped.</safety>
    public static unsafe void Add(object keeper, Pin pin, ThreadCache* home, nuint byteCount)
    {
        Interlocked.MemoryBarrierProcessWide();
        var entry = new Entry(pin, (nint)home, (long)byteCount);
        s_kept.AddOrUpdate(keeper, new RetiredBlock(entry));
        GC.AddMemoryPressure(entry.ByteCount);
        using (s_lock.Enter())
        {
            s_entries.Add(entry);
            Volatile.Write(ref s_count, s_entries.Count);
        }

        FreeSettled();
    }

    /// <summary>Ends the pins of blocks whose homes are known to be elsewhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FreeSettled()
    {
        if (Volatile.Read(ref s_count) != 0)
        {
            FreeSettledSlowly();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FreeSettledSlowly()
    {
        List<Entry> settled = [];
        using (s_lock.Enter())
        {
            for (int i = s_entries.Count - 1; i >= 0; i--)
            {
                if (s_entries[i].IsSettled)
                {
                    settled.Add(s_entries[i]);
                    s_entries[i] = s_entries[^1];
                    s_entries.RemoveAt(s_entries.Count - 1);
                }
            }

            Volatile.Write(ref s_count, s_entries.Count);
        }

        if (settled.Count != 0)
        {
            // The loads of a home's last use come before the store that changed its mark. On Arm64, only a barrier makes them so.
            Interlocked.MemoryBarrierProcessWide();
            foreach (Entry entry in settled)
            {
                entry.End();
            }
        }
    }

    /// <summary>
    /// A number that changes when the thread of a cache takes, frees or borrows a block: it is made of words that no other thread writes while
    /// that thread lives, except where it withdraws a hot block (<see cref="WithdrawnBlocks"/>). The same number proves nothing.
    /// </summary>
    /// <safety>The caller has the lock of visitors. Caches and slots are never unmapped.</safety>
    private static unsafe ulong MarkOf(ThreadCache* cache)
    {
        const ulong GoldenRatio = 0x9E3779B97F4A7C15;
        ulong mark = Volatile.Read(ref BorrowRecords.Hot(&cache->Borrows)->Ended);
        for (int i = 0; i < SizeClasses.Count; i++)
        {
            var hot = (Slot*)ThreadCache.BinOf(cache, i)->ReadHot();
            ulong generation = hot == null || hot == Bin.NoRoom ? 0 : hot->ReadGeneration().Value;
            mark = ((mark ^ (ulong)hot ^ generation) * GoldenRatio) + 1;
        }

        return mark;
    }

    private sealed class Entry
    {
        private readonly Pin _pin;
        private readonly nint _home;
        private ulong _mark;

        /// <summary>The number of tries of visitors up to the mark: see <see cref="WithdrawnBlocks.Tries"/>.</summary>
        private long _tries;

        public Entry(Pin pin, nint home, long byteCount)
        {
            _pin = pin;
            _home = home;
            ByteCount = byteCount;
            _ = HasNewMark();
        }

        public long ByteCount { get; }

        /// <summary>Whether the home is known to be elsewhere, or the pin has ended.</summary>
        public bool IsSettled
        {
            get
            {
                unsafe
                {
                    // SAFETY: _home is the address of a cache. Caches are never unmapped, and only its numbers are read.
                    return _pin.HasEnded || HasNewMark() || ThreadCaches.HasEnded((ThreadCache*)_home);
                }
            }
        }

        public void End()
        {
            if (_pin.TryEnd())
            {
                GC.RemoveMemoryPressure(ByteCount);
            }
        }

        /// <summary>Whether the home itself has changed its mark since the last call. A mark that a visitor may have changed is a new beginning.</summary>
        private bool HasNewMark()
        {
            using (ThreadCaches.Lock.Enter())
            {
                unsafe
                {
                    // SAFETY: caches are never unmapped, and this thread has the lock of visitors.
                    var home = (ThreadCache*)_home;
                    ulong mark = MarkOf(home);
                    bool isNew = mark != _mark && _tries == home->Withdrawn.Tries;
                    (_mark, _tries) = (mark, home->Withdrawn.Tries);
                    return isNew;
                }
            }
        }
    }
}
