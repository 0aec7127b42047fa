using System.Buffers;

namespace NativeBuffers.Arrow;

/// <summary>Shared memory as a <see cref="Memory{T}"/>, which stays mapped while it is pinned.</summary>
internal sealed class SharedMapping : MemoryManager<byte>
{
    private readonly SharedMemory<byte> _shared;

    /// <summary>Keeps the memory mapped.</summary>
    private readonly UnmanagedMemoryStream _stream;
    private readonly nint _start;
    private readonly int _length;

    /// <summary>The pins, and one for the time before the disposal.</summary>
    private int _uses = 1;
    private bool _isDisposed;

    /// <summary>Takes over the memory.</summary>
    /// <exception cref="InvalidDataException">There are more bytes than a <see cref="Memory{T}"/> can have.</exception>
    public SharedMapping([TakesOwnership] SharedMemory<byte> shared)
    {
        try
        {
            _length = shared.Length is > 0 and <= int.MaxValue
                ? (int)shared.Length
                : throw new InvalidDataException($"The shared memory '{shared.Name}' has {shared.Length:N0} bytes; Arrow reads 1 to {int.MaxValue:N0}.");
            _stream = shared.AsStream();
            using Borrow<byte> bytes = shared.Borrow();
            unsafe
            {
                // SAFETY: the stream keeps the bytes at this address until this object disposes it.
                _start = (nint)Unsafe.AsPointer(ref bytes[0]);
            }
        }
        catch
        {
            _stream?.Dispose();
            shared.Dispose();
            throw;
        }

        _shared = shared;
    }

    /// <summary>The distance of a span from the start of the memory; null if the span is not inside.</summary>
    public int? PlaceOf(ReadOnlySpan<byte> span)
    {
        unsafe
        {
            // SAFETY: the address is compared, and not followed.
            nint distance = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(span)) - _start;
            return distance >= 0 && distance <= _length - span.Length ? (int)distance : null;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, typeof(SharedMemory<byte>));
        unsafe
        {
            // SAFETY: the stream keeps this number of bytes mapped until the disposal.
            return new Span<byte>((void*)_start, _length);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The index is not inside the memory, nor its end.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)_length, nameof(elementIndex));
        int uses;
        do
        {
            uses = Volatile.Read(ref _uses);
            ObjectDisposedException.ThrowIf(_isDisposed || uses == 0, typeof(SharedMemory<byte>));
        }
        while (Interlocked.CompareExchange(ref _uses, uses + 1, uses) != uses);
        unsafe
        {
            // SAFETY: the index is inside or at the end, and the use that was counted keeps the memory mapped.
            return new MemoryHandle((byte*)_start + elementIndex, default, new PinnedUse(this));
        }
    }

    /// <summary>Does nothing: each handle ends its own pin.</summary>
    public override void Unpin()
    {
    }

    /// <summary>Refuses new uses, and leaves the memory: now, or when the last pin ends.</summary>
    public void Dispose() => Dispose(disposing: true);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!Interlocked.Exchange(ref _isDisposed, true))
        {
            EndUse();
        }
    }

    private void EndUse()
    {
        if (Interlocked.Decrement(ref _uses) == 0)
        {
            _stream.Dispose();
            _shared.Dispose();
        }
    }

    /// <summary>One pin: copies of its handle end it once.</summary>
    private sealed class PinnedUse(SharedMapping mapping) : IPinnable
    {
        private bool _hasEnded;

        public MemoryHandle Pin(int elementIndex) => mapping.Pin(elementIndex);

        public void Unpin()
        {
            if (!Interlocked.Exchange(ref _hasEnded, true))
            {
                mapping.EndUse();
            }
        }
    }
}
