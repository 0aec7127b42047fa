using NativeBuffers.Blocks.Cache;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The checked blocks that rings do not keep: large and over-aligned ones, and those of a user's own allocator; of all threads.</summary>
/// <remarks>
/// All that are live or kept are listed by address. So an address that is not, which nobody should look behind, is recognised
/// without touching it.
/// </remarks>
internal static class CheckedQuarantine
{
    /// <summary>Larger blocks are not kept, in bytes.</summary>
    public const nuint LargestByteCount = 4 * 1024 * 1024;

    private const long MostBytes = 16 * 1024 * 1024;

    private const int MostBlocks = 1024;

    private static readonly UninterruptedLock s_gate = new();
    private static readonly Dictionary<nint, CheckedAllocator> s_known = [];
    private static readonly Queue<(nint Block, nuint ByteCount)> s_kept = [];
    private static readonly HashSet<nint> s_told = [];
    private static readonly Trimming s_trimming = new();
    private static long s_keptBytes;
    private static int s_isTrimmed;

    /// <summary>Whether a block is given back at once, and not filled before.</summary>
    /// <safety>The header is intact.</safety>
    public static unsafe bool IsTooLarge(CheckedHeader* header) => CheckedShape.Of(header).ByteCount > LargestByteCount;

    /// <summary>Lists a block that is about to be given out.</summary>
    public static void Add(nint block, CheckedAllocator owner)
    {
        using (s_gate.Enter())
        {
            s_known[block] = owner;
            _ = s_told.Remove(block);
        }
    }

    /// <summary>Whether a block is listed: so that its header may be read.</summary>
    public static bool Knows(nint block)
    {
        using (s_gate.Enter())
        {
            return s_known.ContainsKey(block);
        }
    }

    /// <summary>Says that it was told already what is wrong with a block, which leaks.</summary>
    public static void Leave(nint block)
    {
        using (s_gate.Enter())
        {
            if (s_known.ContainsKey(block))
            {
                _ = s_told.Add(block);
            }
        }
    }

    /// <summary>Makes a live block a freed one, and keeps it if it is not too large.</summary>
    /// <param name="block">The block.</param>
    /// <param name="byteCount">Its size with all around it.</param>
    /// <param name="release">What its header says then of who gave it back.</param>
    /// <param name="leaving">What is to be discarded now.</param>
    /// <returns>False if it is not live, or something is wrong with it.</returns>
    public static bool TryKeep(nint block, nuint byteCount, ulong release, List<(CheckedAllocator Owner, nint Block)> leaving)
    {
        using (s_gate.Enter())
        {
            bool isKept = byteCount <= LargestByteCount;
            if (!s_known.TryGetValue(block, out CheckedAllocator? owner) || !CheckedBlocks.TryRetire(block, release, isKept))
            {
                return false;
            }

            _ = s_told.Remove(block);
            if (!isKept)
            {
                leaving.Add((owner, block));
                s_known.Remove(block);
                return true;
            }

            s_kept.Enqueue((block, byteCount));
            s_keptBytes += (long)byteCount;
            while (s_keptBytes > MostBytes || s_kept.Count > MostBlocks)
            {
                Take(leaving);
            }

            return true;
        }
    }

    /// <summary>From now on, full collections give back the kept blocks of allocators that can be collected: budgets, and those of plug-ins.</summary>
    public static void StartTrimming()
    {
        if (Interlocked.Exchange(ref s_isTrimmed, 1) == 0)
        {
            Gen2Callback.Tell(s_trimming);
        }
    }

    /// <summary>Gives back all kept blocks, because memory is short.</summary>
    public static void Empty() => Empty(static _ => true);

    private static void Empty(Func<CheckedAllocator, bool> isWanted)
    {
        List<(CheckedAllocator Owner, nint Block)> leaving = [];
        using (s_gate.Enter())
        {
            for (int left = s_kept.Count; left > 0; left--)
            {
                if (isWanted(s_known[s_kept.Peek().Block]))
                {
                    Take(leaving);
                }
                else
                {
                    s_kept.Enqueue(s_kept.Dequeue());
                }
            }
        }

        foreach ((CheckedAllocator owner, nint block) in leaving)
        {
            owner.Discard(block, mayThrow: false);
        }
    }

    /// <summary>Looks at all that are live or kept.</summary>
    public static List<NativeMemoryViolation> Check()
    {
        List<NativeMemoryViolation> found = [];
        using (s_gate.Enter())
        {
            foreach (nint block in s_known.Keys)
            {
                if (CheckedBlocks.Find(block) is { } violation && s_told.Add(block))
                {
                    found.Add(violation);
                }
            }
        }

        return found;
    }

    private static void Take(List<(CheckedAllocator Owner, nint Block)> leaving)
    {
        (nint block, nuint byteCount) = s_kept.Dequeue();
        _ = s_known.Remove(block, out CheckedAllocator? owner);
        s_keptBytes -= (long)byteCount;
        if (!s_told.Remove(block))
        {
            leaving.Add((owner!, block));
        }
    }

    private sealed class Trimming : ITrimmable
    {
        public void AfterFullCollection(bool isMemoryShort) => Empty(static owner => !owner.LivesForever);
    }
}
