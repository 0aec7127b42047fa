namespace NativeBuffers.Primitives;

/// <summary>Bytes outside the garbage-collected heap: a start and a byte count.</summary>
/// <remarks>A block owns nothing. Its members clear, copy and view bytes within its bounds.</remarks>
internal readonly struct Block
{
    private readonly unsafe byte* _start;

    /// <safety><paramref name="byteCount"/> bytes from <paramref name="start"/> on are allocated as long as this block is used.</safety>
    public unsafe Block(void* start, nuint byteCount)
    {
        _start = (byte*)start;
        ByteCount = byteCount;
    }

    /// <summary>The size in bytes.</summary>
    public nuint ByteCount { get; }

    /// <summary>The first byte's address.</summary>
    /// <safety>The block's constructor was promised that the bytes from here on are readable and writable while the block is in use.</safety>
    public unsafe void* Start => _start;

    /// <summary>The largest power of two that divides the address, in bytes.</summary>
    public nuint Alignment
    {
        get
        {
            unsafe
            {
                // SAFETY: an address is read as a number, nothing is followed.
                nuint address = (nuint)_start;
                return address & (0 - address);
            }
        }
    }

    /// <summary>Sets the bytes from <paramref name="offset"/> to the end to zero. Does nothing if the offset is past the end.</summary>
    public void ClearFrom(nuint offset)
    {
        if (offset < ByteCount)
        {
            unsafe
            {
                // SAFETY: offset < ByteCount, so the range ends where the block ends, which the constructor's caller promised.
                NativeMemory.Clear(_start + offset, ByteCount - offset);
            }
        }
    }

    /// <summary>Copies the bytes that both blocks have room for. The blocks must not overlap.</summary>
    public void CopyTo(Block destination)
    {
        unsafe
        {
            // SAFETY: both ranges end inside their blocks, which the constructors' callers promised.
            NativeMemory.Copy(_start, destination._start, nuint.Min(ByteCount, destination.ByteCount));
        }
    }

    /// <summary>The first <paramref name="length"/> elements as a span.</summary>
    /// <safety><paramref name="length"/> is not negative, the elements end inside the block, and the block outlives the span.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Span<T> View<T>(void* start, int length)
        where T : unmanaged =>
        // Not `new Span<T>(pointer, length)`: that checks the sign of the length once more.
        MemoryMarshal.CreateSpan(ref Unsafe.AsRef<T>(start), length);
}
