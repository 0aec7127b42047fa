using System.Numerics;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>A <i>run</i>: 64 KiB of blocks of one size class, without slots (jemalloc). This is its record, which lies outside the run.</summary>
/// <remarks>
/// <para>A chunk of <see cref="ChunkSize"/> begins at a multiple of its size, with the records of its runs in its first page. So the address
/// of a block leads to the record of its run, whatever size the caller believes that the block has.</para>
/// <para>No list goes through free blocks, so their pages may be discarded, and a stale write changes no list.</para>
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

    private const int RecordSize = 256;
    private const int BitsPerWord = 64;
    private const int WordCount = Size / CacheLine.Size / BitsPerWord;

    /// <summary>The next run in a list.</summary>
    public unsafe BlockRun* Next;

    /// <summary>The run before in the list of a <see cref="RunClass"/>.</summary>
    public unsafe BlockRun* Before;

    /// <summary>The size class of the blocks. It stays the same while a block is in use.</summary>
    public int SizeClass;

    /// <summary>The number of free blocks.</summary>
    public int FreeCount;

    /// <summary>Whether blocks became free since the pages of free blocks were discarded.</summary>
    public bool HasFreed;

    /// <summary>A bit for each block, which is set if the block is free. No inline array: the JIT would compile its span for the first buffer.</summary>
    private unsafe fixed ulong _free[WordCount];

    /// <summary>Whether blocks of this size come from runs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(nuint byteCount) => byteCount <= LargestBlock;

    /// <summary>The record of the run that has an address.</summary>
    /// <safety>The address lies in a run. Records are never unmapped.</safety>
    public static unsafe BlockRun* Of(nint address) =>
        (BlockRun*)(address & ~(nint)(ChunkSize - 1)) + ((address & (ChunkSize - 1)) / Size);

    /// <summary>The first byte of a run.</summary>
    /// <safety>The record lies in a chunk.</safety>
    public static unsafe byte* Start(BlockRun* run)
    {
        byte* chunk = (byte*)((nint)run & ~(nint)(ChunkSize - 1));
        return chunk + ((run - (BlockRun*)chunk) * Size);
    }

    /// <summary>Makes all blocks free. Their number is <see cref="FreeCount"/> then.</summary>
    /// <safety>The caller has the run, no block of which is in use.</safety>
    public unsafe void Begin(int sizeClass, int count)
    {
        SizeClass = sizeClass;
        FreeCount = count;
        HasFreed = false;
        for (int i = 0; i < WordCount; i++)
        {
            int rest = count - (i * BitsPerWord);
            _free[i] = rest >= BitsPerWord ? ulong.MaxValue : rest <= 0 ? 0 : (1UL << rest) - 1;
        }
    }

    /// <summary>Takes free blocks, in the order of their places.</summary>
    /// <param name="places">The numbers of the blocks.</param>
    /// <returns>The number of blocks: less than asked for if no more are free.</returns>
    /// <safety>The caller holds the lock of the run. The blocks are the caller's.</safety>
    public unsafe int Take(Span<int> places)
    {
        int taken = 0;
        for (int i = 0; i < WordCount && taken < places.Length && FreeCount > 0; i++)
        {
            ulong word = _free[i];
            for (; word != 0 && taken < places.Length; word &= word - 1)
            {
                places[taken++] = (i * BitsPerWord) + BitOperations.TrailingZeroCount(word);
                FreeCount--;
            }

            _free[i] = word;
        }

        return taken;
    }

    /// <summary>Frees a block.</summary>
    /// <safety>The caller holds the lock of the run, and gives up the block.</safety>
    public unsafe void Give(int place)
    {
        _free[place / BitsPerWord] |= 1UL << (place % BitsPerWord);
        FreeCount++;
        HasFreed = true;
    }

    /// <summary>Gives the memory of those pages back in which no used block lies.</summary>
    /// <param name="run">The run.</param>
    /// <param name="first">Its first block.</param>
    /// <param name="stride">The distance from one block to the next.</param>
    /// <param name="count">The number of blocks.</param>
    /// <safety>The caller holds the lock of the run.</safety>
    public static unsafe void DiscardFree(BlockRun* run, byte* first, int stride, int count)
    {
        run->HasFreed = false;
        byte* begin = Start(run);
        for (int i = 0; i < count; i++)
        {
            if (((run->_free[i / BitsPerWord] >> (i % BitsPerWord)) & 1) == 0)
            {
                Discard(begin, first + (i * stride));
                begin = first + ((i + 1) * stride);
            }
        }

        Discard(begin, Start(run) + Size);
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
}
