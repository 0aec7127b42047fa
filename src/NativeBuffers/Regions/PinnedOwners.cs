using System.Buffers;
using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Regions;

/// <summary>Owners that are pinned for input or output, as one sequence of bytes that is processed in pieces.</summary>
/// <remarks>A piece has at most the number of buffers and bytes that systems take in one call. For one thread at a time.</remarks>
internal sealed class PinnedOwners : IDisposable
{
    /// <summary>Large enough that the calls cost nothing, and small enough for a quick cancellation.</summary>
    private const long MostBytesOfPiece = 64L << 20;

    /// <summary>Linux and macOS take 1,024 in one call.</summary>
    private const int MostBuffersOfPiece = 1024;

    private readonly (Pin? Pin, nint Start, long ByteCount)[] _owners;

    // The first byte that is not done.
    private int _owner;
    private long _offset;

    private PinnedOwners(int count) => _owners = new (Pin?, nint, long)[count];

    /// <summary>The sum of the bytes of all owners.</summary>
    public long ByteCount { get; private set; }

    /// <summary>The number of bytes that are done.</summary>
    public long DoneByteCount { get; private set; }

    /// <summary>The number of bytes of the last piece.</summary>
    public long PieceByteCount { get; private set; }

    /// <summary>Pins owners.</summary>
    /// <exception cref="ArgumentNullException">An owner is null.</exception>
    /// <exception cref="ObjectDisposedException">An owner was disposed.</exception>
    public static PinnedOwners Of<T>(IReadOnlyList<NativeMemoryOwner<T>> owners)
        where T : unmanaged
    {
        var pinned = new PinnedOwners(owners.Count);
        try
        {
            for (int i = 0; i < pinned._owners.Length; i++)
            {
                NativeMemoryOwner<T> owner = owners[i];
                ArgumentNullException.ThrowIfNull(owner, nameof(owners));
                Pin pin = owner.PinAll(out nint start, out long length);
                pinned._owners[i] = (pin, start, length * Unsafe.SizeOf<T>());
                pinned.ByteCount += pinned._owners[i].ByteCount;
            }

            return pinned;
        }
        catch
        {
            pinned.Dispose();
            throw;
        }
    }

    /// <summary>The bytes to read next; null when all are done.</summary>
    public IReadOnlyList<Memory<byte>>? NextToRead() => Next(static memory => memory);

    /// <summary>The bytes to write next; null when all are done.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>>? NextToWrite() => Next(static memory => (ReadOnlyMemory<byte>)memory);

    /// <summary>Notes that bytes of the piece are done.</summary>
    public void Advance(long byteCount)
    {
        DoneByteCount += byteCount;
        _offset += byteCount;
        while (_owner < _owners.Length && _offset >= _owners[_owner].ByteCount)
        {
            _offset -= _owners[_owner].ByteCount;
            _owner++;
        }
    }

    /// <summary>Ends the pins.</summary>
    public void Dispose()
    {
        foreach ((Pin? pin, _, _) in _owners)
        {
            pin?.Unpin();
        }
    }

    private List<TMemory>? Next<TMemory>(Func<Memory<byte>, TMemory> asMemory)
    {
        List<TMemory>? piece = null;
        PieceByteCount = 0;
        long offset = _offset;
        for (int i = _owner; i < _owners.Length && PieceByteCount < MostBytesOfPiece && piece is not { Count: MostBuffersOfPiece }; i++)
        {
            int byteCount = (int)long.Min(_owners[i].ByteCount - offset, MostBytesOfPiece - PieceByteCount);
            if (byteCount != 0)
            {
                (piece ??= []).Add(asMemory(new Part(_owners[i].Start + (nint)offset, byteCount).Memory));
                PieceByteCount += byteCount;
            }

            offset = 0;
        }

        return piece;
    }

    /// <summary>A part of a pinned owner. It pins nothing more, because it is used only before <see cref="PinnedOwners.Dispose"/>.</summary>
    [SuppressMessage("Design", "CA1063", Justification = "Nothing to dispose.")]
    private sealed class Part(nint start, int byteCount) : MemoryManager<byte>
    {
        public override Memory<byte> Memory => CreateMemory(byteCount);

        public override Span<byte> GetSpan()
        {
            unsafe
            {
                // SAFETY: byteCount bytes from start on are inside one owner, which is pinned until the PinnedOwners are disposed.
                return new Span<byte>((void*)start, byteCount);
            }
        }

        public override MemoryHandle Pin(int elementIndex = 0)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)byteCount, nameof(elementIndex));
            unsafe
            {
                // SAFETY: elementIndex is at most byteCount, so the address is inside the pinned owner or at its end.
                return new MemoryHandle((byte*)start + elementIndex);
            }
        }

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
