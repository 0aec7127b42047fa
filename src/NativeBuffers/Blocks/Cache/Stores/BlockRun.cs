using System.Numerics;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>A <i>run</i>: 64 KiB of blocks of one size class, without slots (jemalloc). This is its record, which lies outside the run.</summary>
/// <remarks>
/// <para>A chunk of <see cref="ChunkSize"/> begins at a multiple of its size, with the records of its runs in its first pages. So the address
/// of a block leads to the record of its run, whatever size the caller believes that the block has.</para>
/// <para>No list goes through free blocks, so their pages may be discarded, and a stale write changes no list.</para>
/// <para>A run may have an owner: the <see cref="OwnedRuns"/> of one thread. Only this thread then changes the bits of free blocks, in turns
/// with visitors. The blocks that other threads free wait in bits of their own, under the lock of the <see cref="RunClass"/>.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = RecordSize)]
internal struct BlockRun
{
    /// <summary>The size of a run, in bytes.</summary>
    public const int Size = 64 * 1024;

    /// <summary>The largest block of a run, in bytes.</summary>
    public const int LargestBlock = 16 * 1024;

    /// <summary>The size and alignment of a chunk, in bytes. It has as many records as runs, and the first run has only records.</summary>
    public const int ChunkSize = 1024 * 1024;

    /// <summary>The number of runs in a chunk.</summary>
    public const int PerChunk = ChunkSize / Size;

    /// <summary>A value of <see cref="TurnsAt"/> that <see cref="Used"/> never has.</summary>
    public const int NeverTurns = -1;

    /// <summary>An odd number of lines, so that the records lie in all sets of a cache.</summary>
    private const int RecordSize = 7 * CacheLine.Size;

    /// <summary>The number of chunks whose records have places of their own in the first runs of their chunks.</summary>
    /// <remarks>
    /// Records at the same place would share the sets of all caches. And a load waits for an earlier store to the same place of another page.
    /// </remarks>
    private const int ChunkColours = 8;

    private const int BitsPerWord = 64;
    private const int WordCount = Size / CacheLine.Size / BitsPerWord;

    /// <summary>The neighbours in a list.</summary>
    public RecordList.Link Link;

    /// <summary>The number of the thread that owns the run; 0 if there is none.</summary>
    public ulong OwnerNumber;

    /// <summary>The runs of the owner; not followed if <see cref="OwnerNumber"/> is 0.</summary>
    public unsafe OwnedRuns* Owner;

    /// <summary>The number of used blocks. Blocks that other threads have freed count until <see cref="Collect"/>.</summary>
    public int Used;

    /// <summary>The number of used blocks at which the owner must look at its lists after a free.</summary>
    public int TurnsAt;

    /// <summary>The size class of the blocks. It stays the same while a block is in use.</summary>
    public int SizeClass;

    /// <summary>The number of blocks.</summary>
    public int Count;

    /// <summary>2^32 divided by the distance of two blocks, rounded up: a multiplication finds the place of a block. Exact below 2^16.</summary>
    private uint _reciprocal;

    /// <summary>Whether blocks became free since the pages of free blocks were discarded.</summary>
    public bool HasFreed;

    /// <summary>A bit for each block, which is set if the block is free. No inline array: the JIT would compile its span for the first buffer.</summary>
    private unsafe fixed ulong _free[WordCount];

    /// <summary>The next run in the list of <see cref="OwnedRuns.Returned"/>.</summary>
    public unsafe BlockRun* NextReturned;

    /// <summary>The number of blocks that other threads have freed since the last <see cref="Collect"/>.</summary>
    public int ReturnedCount;

    /// <summary>Whether the run is in the list of <see cref="OwnedRuns.Returned"/>.</summary>
    public bool IsReturned;

    /// <summary>Whether the run is reserved in <see cref="CacheLimits"/>: it has no used block, and its owner does not know it yet.</summary>
    public bool IsReserved;

    /// <summary>A bit for each block that another thread than the owner has freed.</summary>
    private unsafe fixed ulong _returned[WordCount];

    /// <summary>The next run in a list.</summary>
    /// <safety>Records are never unmapped.</safety>
    public unsafe BlockRun* Next
    {
        readonly get => (BlockRun*)Link.Next;
        set => Link.Next = (RecordList.Link*)value;
    }

    /// <summary>Whether blocks of this size come from runs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(nuint byteCount) => byteCount <= LargestBlock;

    /// <summary>The record of the run that has an address.</summary>
    /// <safety>The address lies in a run. Records are never unmapped.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe BlockRun* Of(nint address) =>
        (BlockRun*)(address & ~(nint)(ChunkSize - 1)) + ((uint)((nuint)address / Size) & ((ChunkColours * PerChunk) - 1));

    /// <summary>The first byte of a run.</summary>
    /// <safety>The record lies in a chunk.</safety>
    public static unsafe byte* Start(BlockRun* run)
    {
        byte* chunk = (byte*)((nint)run & ~(nint)(ChunkSize - 1));
        return chunk + (((run - (BlockRun*)chunk) & (PerChunk - 1)) * Size);
    }

    /// <summary>Makes all blocks free, and gives the run no owner.</summary>
    /// <safety>The caller has the run, no block of which is in use.</safety>
    public unsafe void Begin(int sizeClass, int count, int stride)
    {
        OwnerNumber = 0;
        SizeClass = sizeClass;
        Count = count;
        Used = 0;
        HasFreed = false;
        ReturnedCount = 0;
        _reciprocal = (uint)(((1UL << 32) + (ulong)stride - 1) / (ulong)stride);
        for (int i = 0; i < WordCount; i++)
        {
            int rest = count - (i * BitsPerWord);
            _free[i] = rest >= BitsPerWord ? ulong.MaxValue : rest <= 0 ? 0 : (1UL << rest) - 1;
            _returned[i] = 0;
        }
    }

    /// <summary>The first word that has a bit of a free block, and the place of its first block.</summary>
    /// <safety>The caller is the owner, or a visitor. A block is free. Records are never unmapped.</safety>
    public static unsafe ulong* FirstFree(BlockRun* run, out int place)
    {
        ulong* word = run->_free;
        while (*word == 0)
        {
            word++;
        }

        place = (int)(word - run->_free) * BitsPerWord;
        return word;
    }

    /// <summary>Takes free blocks, in the order of their places.</summary>
    /// <param name="places">The numbers of the blocks.</param>
    /// <returns>The number of blocks: less than asked for if no more are free.</returns>
    /// <safety>The caller holds the lock of the run, which has no owner. The blocks are the caller's.</safety>
    public unsafe int Take(Span<int> places)
    {
        int taken = 0;
        for (int i = 0; i < WordCount && taken < places.Length && Used < Count; i++)
        {
            ulong word = _free[i];
            for (; word != 0 && taken < places.Length; word &= word - 1)
            {
                places[taken++] = (i * BitsPerWord) + BitOperations.TrailingZeroCount(word);
                Used++;
            }

            _free[i] = word;
        }

        return taken;
    }

    /// <summary>Frees a block. A block that is free already stays so.</summary>
    /// <returns>Whether the owner must look at its lists: see <see cref="OwnedRuns.Turn"/>.</returns>
    /// <safety>The caller is the owner, inside; or holds the lock of a run without an owner. The caller gives up the block.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool Give(BlockRun* run, nint block)
    {
        uint place = PlaceOf(run, block);
        ulong* word = run->_free + (place / BitsPerWord);
        ulong bit = 1UL << (int)place;
        ulong free = *word;
        if ((free & bit) != 0)
        {
            return false;
        }

        int used = run->Used - 1;
        *word = free | bit;
        run->Used = used;
        return used == run->TurnsAt;
    }

    /// <summary>Notes that a thread that is not the owner has freed a block.</summary>
    /// <returns>False if that was noted already.</returns>
    /// <safety>The caller holds the lock of the run, and gives up the block.</safety>
    public static unsafe bool TryReturn(BlockRun* run, nint block)
    {
        uint place = PlaceOf(run, block);
        ulong bit = 1UL << (int)place;
        bool isNew = (run->_returned[place / BitsPerWord] & bit) == 0;
        run->_returned[place / BitsPerWord] |= bit;
        run->ReturnedCount += isNew ? 1 : 0;
        return isNew;
    }

    /// <summary>Makes the blocks free that other threads have freed.</summary>
    /// <safety>The caller holds the lock of the run, and is the owner, inside, or a visitor.</safety>
    public unsafe void Collect()
    {
        ReturnedCount = 0;
        for (int i = 0; i < WordCount; i++)
        {
            // A block that was freed twice is free already.
            ulong returned = _returned[i] & ~_free[i];
            _free[i] |= returned;
            _returned[i] = 0;
            Used -= BitOperations.PopCount(returned);
        }
    }

    /// <summary>Gives the memory of those pages back in which no used block lies.</summary>
    /// <param name="run">The run.</param>
    /// <param name="first">Its first block.</param>
    /// <param name="stride">The distance from one block to the next.</param>
    /// <safety>The caller holds the lock of the run, which has no owner.</safety>
    public static unsafe void DiscardFree(BlockRun* run, byte* first, int stride)
    {
        run->HasFreed = false;
        byte* begin = Start(run);
        for (int i = 0; i < run->Count; i++)
        {
            if (((run->_free[i / BitsPerWord] >> (i % BitsPerWord)) & 1) == 0)
            {
                Discard(begin, first + (i * stride));
                begin = first + ((i + 1) * stride);
            }
        }

        Discard(begin, Start(run) + Size);
    }

    /// <summary>Gives the memory of a run back, and that of the pages beside the records of its chunk, which they have on a huge page.</summary>
    /// <safety>No block of the run is in use. Records stay: pages that have a part of them keep their memory.</safety>
    public static unsafe void Discard(BlockRun* run)
    {
        Discard(Start(run), Start(run) + Size);
        byte* chunk = (byte*)((nint)run & ~(nint)(ChunkSize - 1));
        BlockRun* records = Of((nint)chunk);
        Discard(chunk, (byte*)records);
        Discard((byte*)(records + PerChunk), chunk + Size);
    }

    /// <summary>Gives the memory of the whole pages between two addresses back. Contents stay if the system refuses.</summary>
    /// <safety>No used block lies between the addresses.</safety>
    public static unsafe void Discard(byte* start, byte* end)
    {
        nuint mask = SystemMemory.PageSize - 1;
        byte* first = (byte*)(((nuint)start + mask) & ~mask);
        byte* last = (byte*)((nuint)end & ~mask);
        if (first < last)
        {
            _ = Host.Memory.Discard(first, (nuint)(last - first), isLocked: false, isReadable: true, isWritable: true);
        }
    }

    /// <safety>The block lies in the run.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe uint PlaceOf(BlockRun* run, nint block) => (uint)(((ulong)(block & (Size - 1)) * run->_reciprocal) >> 32);
}
