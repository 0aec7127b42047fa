using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Regions;

/// <summary>Owners that are pinned for input or output, as one row of bytes, of which the next piece is asked for again and again.</summary>
/// <remarks>A piece has at most as many buffers and bytes as systems take at once. For one thread at a time.</remarks>
internal sealed class PinnedOwners : IDisposable
{
    /// <summary>Large enough that the calls cost nothing, and small enough to be cancelled soon.</summary>
    private const long MostBytesOfPiece = 64L << 20;

    /// <summary>Linux and macOS take 1,024 at once.</summary>
    private const int MostBuffersOfPiece = 1024;

    private readonly PinnedBytes[] _owners;

    // The first byte that is not done.
    private int _owner;
    private long _offset;

    private PinnedOwners(int count) => _owners = new PinnedBytes[count];

    /// <summary>The sum of the bytes of all owners.</summary>
    public long ByteCount { get; private set; }

    /// <summary>How many bytes are done.</summary>
    public long DoneByteCount { get; private set; }

    /// <summary>How many bytes the piece has that was asked for last.</summary>
    public long PieceByteCount { get; private set; }

    /// <summary>Pins owners.</summary>
    /// <exception cref="ArgumentNullException">One is null.</exception>
    /// <exception cref="ObjectDisposedException">One was disposed.</exception>
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
                unsafe
                {
                    // SAFETY: the owner has so many elements, and is pinned.
                    pinned._owners[i] = new PinnedBytes(pin, (void*)start, length * sizeof(T));
                    pinned.ByteCount += length * sizeof(T);
                }
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

    /// <summary>So many bytes of the piece are done.</summary>
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
        foreach (PinnedBytes? owner in _owners)
        {
            owner?.Unpin();
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
                (piece ??= []).Add(asMemory(_owners[i].Slice(offset, byteCount)));
                PieceByteCount += byteCount;
            }

            offset = 0;
        }

        return piece;
    }
}
