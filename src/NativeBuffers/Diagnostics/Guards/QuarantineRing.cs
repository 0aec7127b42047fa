using System.Numerics;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Freed blocks of one size class, first in, first out; a part of a <see cref="ThreadQuarantine"/>.</summary>
/// <remarks>It is in native memory, where it needs no checks of bounds, and shares no cache line with another thread. All zero, it is closed.</remarks>
internal struct QuarantineRing
{
    /// <summary>The most blocks of one size that a thread keeps; a power of two.</summary>
    private const int MostBlocks = 64;

    /// <summary>The most bytes of one size that a thread keeps, unless <see cref="FewestBlocks"/> are more.</summary>
    private const int MostBytes = 128 * 1024;
    private const int FewestBlocks = 4;

    private unsafe nint* _blocks;
    private uint _first;
    private uint _mask;

    /// <summary>The number of blocks, forgotten ones included.</summary>
    public uint Count { get; private set; }

    /// <summary>Whether no block can be added, so that the oldest block can be used again. A ring that is not open is not full.</summary>
    public readonly bool IsFull => Count > _mask;

    /// <summary>Whether the ring has memory for blocks.</summary>
    /// <safety>The pointer is compared, not followed.</safety>
    public readonly unsafe bool IsOpen => _blocks != null;

    /// <summary>Allocates memory for blocks of a size class; false if memory is exhausted.</summary>
    public bool TryOpen(int sizeClass)
    {
        uint fitting = MostBytes / (uint)RedZones.OfClass(sizeClass).ByteCount;
        uint length = (uint)int.Clamp(1 << BitOperations.Log2(fitting), FewestBlocks, MostBlocks);
        try
        {
            FailPoint.ThrowIfRefused();
            unsafe
            {
                // SAFETY: length entries, which Close frees. An entry is written before it is read.
                _blocks = (nint*)NativeMemory.AlignedAlloc(length * (nuint)sizeof(nint), 64);
            }
        }
        catch (OutOfMemoryException)
        {
            return false;
        }

        _mask = length - 1;
        return true;
    }

    /// <summary>Frees the memory of the ring.</summary>
    /// <safety>The ring is not used any more.</safety>
    public readonly unsafe void Close() => NativeMemory.AlignedFree(_blocks);

    /// <summary>Removes the block that was added first; returns 0 if it was forgotten.</summary>
    /// <safety><see cref="Count"/> is not 0.</safety>
    public unsafe nint Take()
    {
        nint block = _blocks[_first];
        _first = (_first + 1) & _mask;
        Count--;
        return block;
    }

    /// <summary>Adds a block as the last one.</summary>
    /// <safety>The ring is open, and not full.</safety>
    public unsafe void Add(nint block)
    {
        _blocks[(_first + Count) & _mask] = block;
        Count++;
    }

    /// <summary>The block at <paramref name="index"/>, counted from the one that was added first; 0 if it was forgotten.</summary>
    /// <safety>The index is below <see cref="Count"/>. The reference is used only until the ring changes.</safety>
    public readonly unsafe ref nint At(uint index) => ref _blocks[(_first + index) & _mask];
}
