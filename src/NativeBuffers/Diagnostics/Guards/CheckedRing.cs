using System.Numerics;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Freed blocks of one size class, in the order in which they were freed.</summary>
internal sealed class CheckedRing
{
    /// <summary>The most blocks of one size that a thread keeps; a power of two.</summary>
    private const int MostBlocks = 64;

    /// <summary>The most bytes of one size that a thread keeps, unless that is less than <see cref="FewestBlocks"/>.</summary>
    private const int MostBytes = 128 * 1024;

    private const int FewestBlocks = 4;

    private readonly nint[] _blocks;
    private int _first;

    public CheckedRing(int sizeClass)
    {
        uint fitting = MostBytes / (uint)CheckedShape.OfClass(sizeClass).ByteCount;
        _blocks = new nint[int.Clamp(1 << BitOperations.Log2(fitting), FewestBlocks, MostBlocks)];
    }

    public int Count { get; private set; }

    public bool IsFull => Count == _blocks.Length;

    /// <summary>The block that was freed the longest time ago; 0 if it was forgotten. Only if there is one.</summary>
    public nint Take()
    {
        nint block = _blocks[_first];
        _first = (_first + 1) & (_blocks.Length - 1);
        Count--;
        return block;
    }

    /// <summary>Puts one behind all others. Only if there is room.</summary>
    public void Add(nint block)
    {
        _blocks[(_first + Count) & (_blocks.Length - 1)] = block;
        Count++;
    }

    /// <summary>Leaves a 0 in the place of one, counted like <see cref="At"/>.</summary>
    public void Forget(int index) => _blocks[(_first + index) & (_blocks.Length - 1)] = 0;

    /// <summary>One of them, counted from the one that was freed first; 0 if it was forgotten.</summary>
    public nint At(int index) => _blocks[(_first + index) & (_blocks.Length - 1)];
}
