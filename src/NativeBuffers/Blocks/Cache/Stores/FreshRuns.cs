using NativeBuffers.Platform;

namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>The runs that no thread has used yet. They lie in one or two chunks: the system gives more when these are used up.</summary>
/// <remarks>
/// <para>The first chunks are on ordinary pages, so a process with few blocks has memory for the pages that it has touched, and for no others. After that,
/// two chunks at a time share a huge page, if the system gives such pages to programs that ask. Many live blocks then need fewer entries of the
/// processor's table of pages: docs/decisions/0029 has the figures.</para>
/// <para>A huge page has memory at once. The fresh runs give it back when the caches are trimmed.</para>
/// </remarks>
/// <safety>The caller of each member has the lock of <see cref="RunSpace"/>.</safety>
internal static class FreshRuns
{
    /// <summary>The number of chunks on ordinary pages.</summary>
    private const int MostOrdinary = 4;

    private static int s_ordinaryCount;

    private static unsafe BlockRun* s_next;
    private static int s_count;

    /// <summary>The second chunk on a huge page; null if there is none, or if <see cref="s_next"/> has gone on to it.</summary>
    private static unsafe byte* s_second;

    /// <summary>Whether the fresh runs have memory, because they lie on a huge page.</summary>
    private static bool s_haveMemory;

    /// <summary>The number of runs that were taken, which may wrap, now and at the last call of <see cref="Trim"/>.</summary>
    private static int s_taken, s_seen;

    /// <summary>A run; null if memory is exhausted.</summary>
    /// <safety>The run is the caller's.</safety>
    public static unsafe BlockRun* TryTake()
    {
        if (s_count == 0)
        {
            byte* chunk = s_second != null ? s_second : TryMap();
            if (chunk == null)
            {
                return null;
            }

            if (chunk == s_second)
            {
                s_second = null;
            }

            // The first run has the records.
            s_next = BlockRun.Of((nint)chunk) + 1;
            s_count = BlockRun.PerChunk - 1;
        }

        s_count--;
        s_taken++;
        return s_next++;
    }

    /// <summary>Gives the memory of the fresh runs back, or leaves it if a thread took one since the last such call.</summary>
    /// <param name="idleOnly">Whether it is left in that case.</param>
    public static void Trim(bool idleOnly)
    {
        bool isIdle = s_taken == s_seen;
        s_seen = s_taken;
        if (!s_haveMemory || (idleOnly && !isIdle))
        {
            return;
        }

        unsafe
        {
            // SAFETY: no thread has used the fresh runs, and the second chunk has no records yet. Both stay mapped.
            if (s_count != 0)
            {
                byte* start = BlockRun.Start(s_next);
                BlockRun.Discard(start, start + ((nint)s_count * BlockRun.Size));
            }

            if (s_second != null)
            {
                BlockRun.Discard(s_second, s_second + BlockRun.ChunkSize);
            }
        }

        s_haveMemory = false;
    }

    /// <summary>Maps a chunk, or two on a huge page; null if memory is exhausted.</summary>
    /// <safety>The chunk is the caller's, and all its bytes are zero.</safety>
    private static unsafe byte* TryMap()
    {
        const int HugePage = 2 * BlockRun.ChunkSize;
        byte* chunk = null;
        if (s_ordinaryCount >= MostOrdinary && Host.Memory.HugePageSize == HugePage)
        {
            chunk = (byte*)Host.Memory.Allocate(HugePage, HugePage);
        }

        s_haveMemory = chunk != null;
        if (s_haveMemory)
        {
            Host.Memory.FillWithHugePages(chunk, HugePage);
            s_second = chunk + BlockRun.ChunkSize;
            return chunk;
        }

        s_ordinaryCount++;
        return (byte*)Host.Memory.Allocate(BlockRun.ChunkSize, BlockRun.ChunkSize);
    }
}
