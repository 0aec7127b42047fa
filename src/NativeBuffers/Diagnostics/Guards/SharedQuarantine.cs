using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The quarantine of all threads, for freed blocks that no <see cref="ThreadQuarantine"/> keeps: the oldest leave first.</summary>
/// <remarks>
/// It also lists its allocators' live blocks, by address. So a guard recognises an address that was never given out without reading the
/// memory there.
/// </remarks>
internal sealed class SharedQuarantine
{
    /// <summary>The largest block that is kept after its free, in bytes, header and red zones included.</summary>
    public const nuint LargestByteCount = 4 * 1024 * 1024;

    private const long MostBytes = 16 * 1024 * 1024;
    private const int MostBlocks = 1024;

    private static readonly SharedQuarantine s_instance = new();
    private static int s_isTrimmed;

    private readonly UninterruptedLock _lock = new();

    /// <summary>The owner of each block that is live or kept.</summary>
    private readonly Dictionary<nint, CheckedAllocator> _listed = [];
    private readonly Queue<(nint Block, nuint ByteCount)> _kept = [];

    /// <summary>Blocks whose damage was reported; they are leaked.</summary>
    private readonly HashSet<nint> _reported = [];
    private long _keptBytes;

    /// <summary>The quarantine for a guarded allocator; null if freed blocks must go back to the allocator at once.</summary>
    /// <remarks>
    /// The process-wide guard keeps no blocks of a user's own allocator: the user did not ask for the guard, and may end the allocator
    /// with its last block. If the user asked for the guard, full collections empty the quarantine of such blocks.
    /// </remarks>
    public static SharedQuarantine? For(NativeAllocator inner, bool isAmbient)
    {
        if (isAmbient && !inner.LivesForever)
        {
            return null;
        }

        if (!inner.LivesForever && Interlocked.Exchange(ref s_isTrimmed, 1) == 0)
        {
            Gen2Callback.Register(s_instance, static (quarantine, _) => ((SharedQuarantine)quarantine).AfterFullCollection());
        }

        return s_instance;
    }

    /// <summary>Whether a freed block of this size goes back to its allocator at once. Such a block is not filled.</summary>
    /// <safety>The header is intact.</safety>
    public static unsafe bool IsTooLarge(CheckedHeader* header) => RedZones.Of(header).ByteCount > LargestByteCount;

    /// <summary>Lists a block before it is given out.</summary>
    public void Add(nint block, CheckedAllocator owner)
    {
        using UninterruptedLock.Scope scope = _lock.Enter();
        _listed[block] = owner;
        _ = _reported.Remove(block);
    }

    /// <summary>Whether a block is listed, so that its header can be read.</summary>
    public bool Lists(nint block)
    {
        using UninterruptedLock.Scope scope = _lock.Enter();
        return _listed.ContainsKey(block);
    }

    /// <summary>Notes that the damage of a listed block was reported, so that the block is leaked and not reported again.</summary>
    public void NoteReported(nint block)
    {
        using UninterruptedLock.Scope scope = _lock.Enter();
        if (_listed.ContainsKey(block))
        {
            _ = _reported.Add(block);
        }
    }

    /// <summary>Marks a live block as freed and keeps it, unless it is too large. Discards the blocks that leave in exchange.</summary>
    /// <returns>False if the block is not live, or damaged.</returns>
    /// <exception cref="NativeMemoryViolationException">A block that leaves is damaged, and <paramref name="mayThrow"/> is true.</exception>
    /// <safety>The pointer is the header of a block that was listed. It is read only if the block is still listed.</safety>
    public unsafe bool TryKeep(CheckedHeader* header, ulong release, bool mayThrow)
    {
        nint block = (nint)(header + 1);
        List<(CheckedAllocator Owner, nint Block)> leaving = [];
        using (_lock.Enter())
        {
            if (!TryClose(header, release, out CheckedAllocator? owner))
            {
                return false;
            }

            nuint byteCount = RedZones.Of(header).ByteCount;
            if (byteCount > LargestByteCount)
            {
                _ = _listed.Remove(block);
                leaving.Add((owner, block));
            }
            else
            {
                FillPattern.SetLines((byte*)block, header->Length, FillPattern.Poison);
                _kept.Enqueue((block, byteCount));
                _keptBytes += (long)byteCount;
            }

            while (_keptBytes > MostBytes || _kept.Count > MostBlocks)
            {
                TakeOldest(leaving);
            }
        }

        Discard(leaving, mayThrow);
        return true;
    }

    /// <summary>Marks a live block as freed, and takes it off the list.</summary>
    /// <inheritdoc cref="TryKeep" path="/returns|/safety"/>
    public unsafe bool TryRemove(CheckedHeader* header, ulong release)
    {
        using UninterruptedLock.Scope scope = _lock.Enter();
        return TryClose(header, release, out _) && _listed.Remove((nint)(header + 1));
    }

    /// <summary>Gives back all kept blocks, because memory is short.</summary>
    public void Empty() => Empty(static _ => true);

    /// <summary>Gives back the kept blocks of allocators that can be collected: budgets, and those of plug-ins.</summary>
    public void AfterFullCollection() => Empty(static owner => !owner.LivesForever);

    /// <summary>Verifies all blocks that are live or kept, and reports damage that was not reported before.</summary>
    public static void CheckAll()
    {
        List<NativeMemoryViolation> found = [];
        using (s_instance._lock.Enter())
        {
            foreach (nint block in s_instance._listed.Keys)
            {
                unsafe
                {
                    // SAFETY: block has a header and red zones. It is listed, so no thread gives it back before this lock is left.
                    if (CheckedFindings.In(CheckedHeader.Of((void*)block)) is { } violation && s_instance._reported.Add(block))
                    {
                        found.Add(violation);
                    }
                }
            }
        }

        found.ForEach(NativeMemoryGuard.Report);
    }

    /// <inheritdoc cref="TryKeep" path="/returns|/safety"/>
    private unsafe bool TryClose(CheckedHeader* header, ulong release, [NotNullWhen(true)] out CheckedAllocator? owner)
    {
        nint block = (nint)(header + 1);
        if (!_listed.TryGetValue(block, out owner) || !header->IsLive || CheckedFindings.InLive(header, release) is not null)
        {
            return false;
        }

        CheckedHeader.Close(header, header->Mark, release);
        _ = _reported.Remove(block);
        return true;
    }

    private void Empty(Func<CheckedAllocator, bool> isWanted)
    {
        List<(CheckedAllocator Owner, nint Block)> leaving = [];
        using (_lock.Enter())
        {
            for (int left = _kept.Count; left > 0; left--)
            {
                if (isWanted(_listed[_kept.Peek().Block]))
                {
                    TakeOldest(leaving);
                }
                else
                {
                    _kept.Enqueue(_kept.Dequeue());
                }
            }
        }

        Discard(leaving, mayThrow: false);
    }

    private void TakeOldest(List<(CheckedAllocator Owner, nint Block)> leaving)
    {
        (nint block, nuint byteCount) = _kept.Dequeue();
        _ = _listed.Remove(block, out CheckedAllocator? owner);
        _keptBytes -= (long)byteCount;
        if (!_reported.Remove(block))
        {
            leaving.Add((owner!, block));
        }
    }

    private static void Discard(List<(CheckedAllocator Owner, nint Block)> leaving, bool mayThrow)
    {
        foreach ((CheckedAllocator owner, nint block) in leaving)
        {
            owner.Discard(block, mayThrow);
        }
    }
}
