namespace NativeBuffers.Arrow;

/// <summary>A pinned array from which one thread takes small blocks, each from the place after the last one.</summary>
/// <remarks>
/// No block is used twice, so the collector alone decides when the memory is free: it follows each <see cref="Memory{T}"/> and each span to
/// the array. A block costs an addition, a chunk some microseconds.
/// </remarks>
internal sealed class PinnedChunk
{
    /// <summary>The largest block that shares a chunk, in bytes. So at most a quarter of a chunk remains unused at its end.</summary>
    public const int LargestPart = ByteCount / 4;

    private const int ByteCount = 64 * 1024;

    [ThreadStatic]
    private static PinnedChunk? t_current;

    private readonly byte[] _bytes = GC.AllocateArray<byte>(ByteCount + ArrowBlock.Alignment, pinned: true);
    private int _next;
    private readonly int _end;

    private PinnedChunk()
    {
        nint start;
        unsafe
        {
            // SAFETY: the address is not followed, and the array is pinned.
            start = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_bytes));
        }

        _next = (int)(-start & (ArrowBlock.Alignment - 1));
        _end = _next + ByteCount;
    }

    /// <summary>A block of zeros.</summary>
    /// <param name="length">In bytes, from 1 to <see cref="LargestPart"/>.</param>
    public static ArrowBlock Allocate(int length)
    {
        PinnedChunk? chunk = t_current;
        if (chunk is null || length > chunk._end - chunk._next)
        {
            t_current = chunk = new PinnedChunk();
        }

        var memory = new Memory<byte>(chunk._bytes, chunk._next, length);
        chunk._next += (length + ArrowBlock.Alignment - 1) & -ArrowBlock.Alignment;
        return new ArrowBlock(memory);
    }
}
