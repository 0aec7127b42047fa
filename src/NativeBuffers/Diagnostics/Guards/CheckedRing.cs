using System.Numerics;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Freed blocks of one size class, in the order in which they were freed.</summary>
/// <remarks>In native memory, next to those of the other size classes: no bounds, and nothing that another thread writes nearby.</remarks>
internal struct CheckedRing
{
    /// <summary>The most blocks of one size that a thread keeps; a power of two.</summary>
    private const int MostBlocks = 64;

    /// <summary>The most bytes of one size that a thread keeps, unless that is less than <see cref="FewestBlocks"/>.</summary>
    private const int MostBytes = 128 * 1024;

    private const int FewestBlocks = 4;

    private const uint None = uint.MaxValue;

    private unsafe nint* _blocks;
    private uint _first;
    private uint _mask;

    /// <summary>How many more have room here; <see cref="None"/> while it is not open.</summary>
    private uint _room;

    /// <summary>One that is not open.</summary>
    public static CheckedRing Closed => new() { _room = None };

    /// <summary>Whether blocks may be put here.</summary>
    public readonly bool IsOpen => _room != None;

    /// <summary>Whether there is no room, so that the oldest block is to be used again.</summary>
    public readonly bool IsFull => _room == 0;

    /// <summary>How many there are.</summary>
    public readonly uint Count => IsOpen ? _mask + 1 - _room : 0;

    /// <summary>Makes room for blocks of a size class. False when there is no memory for that.</summary>
    public bool TryOpen(int sizeClass)
    {
        uint fitting = MostBytes / (uint)CheckedShape.OfClass(sizeClass).ByteCount;
        uint length = (uint)int.Clamp(1 << BitOperations.Log2(fitting), FewestBlocks, MostBlocks);
        try
        {
            FailPoint.ThrowIfRefused();
            unsafe
            {
                // SAFETY: kept until Close. Entries are written before they are read.
                _blocks = (nint*)NativeMemory.AlignedAlloc(length * (nuint)sizeof(nint), 64);
            }
        }
        catch (OutOfMemoryException)
        {
            return false;
        }

        _mask = length - 1;
        _room = length;
        return true;
    }

    /// <summary>Gives the room back. There are no blocks in it any more.</summary>
    public void Close()
    {
        unsafe
        {
            // SAFETY: from TryOpen, or null.
            NativeMemory.AlignedFree(_blocks);
        }

        this = Closed;
    }

    /// <summary>The block that was freed the longest time ago; 0 if it was forgotten. Only if there is one.</summary>
    public nint Take()
    {
        unsafe
        {
            // SAFETY: open, and the mask keeps the index inside.
            nint block = _blocks[_first];
            _first = (_first + 1) & _mask;
            _room++;
            return block;
        }
    }

    /// <summary>Puts one behind all others. Only if there is room.</summary>
    public void Add(nint block)
    {
        unsafe
        {
            // SAFETY: as above. As many places as there is room for lie before the first: the next one is so far back.
            _blocks[(_first - _room) & _mask] = block;
        }

        _room--;
    }

    /// <summary>One of them, counted from the one that was freed first; 0 if it was forgotten.</summary>
    public readonly nint At(uint index)
    {
        unsafe
        {
            // SAFETY: as above.
            return _blocks[(_first + index) & _mask];
        }
    }

    /// <summary>Leaves a 0 in the place of one, counted like <see cref="At"/>.</summary>
    public readonly void Forget(uint index)
    {
        unsafe
        {
            // SAFETY: as above.
            _blocks[(_first + index) & _mask] = 0;
        }
    }
}
