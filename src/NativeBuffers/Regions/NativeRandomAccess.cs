using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform;
using NativeBuffers.Regions;

namespace NativeBuffers;

/// <summary>Reads files into owners, and writes owners to files: whole, of any length, several at once.</summary>
/// <remarks>
/// <para>What <see cref="RandomAccess"/> does for spans and <see cref="Memory{T}"/>. These move at most 2 GiB at a time, and may
/// read less than they were asked for; here, less was read only if the file ended. Several owners are filled, or written, one
/// behind the other, by as few calls as the system allows.</para>
/// <para>From beginning to end, the owners' memory is pinned: who disposes one meanwhile delays its free, and nobody
/// resizes it. Bytes are as they are in memory: byte order, and the padding of structures.</para>
/// <para>All members may be called from all threads.</para>
/// </remarks>
/// <example>
/// <code>
/// using var owner = NativeMemoryOwner&lt;float&gt;.Create(3_000_000_000);
/// using SafeFileHandle file = File.OpenHandle("samples.bin");
/// long byteCount = NativeRandomAccess.Read(file, owner, fileOffset: 0);
/// </code>
/// </example>
public static class NativeRandomAccess
{
    /// <summary>Fills an owner from a file.</summary>
    /// <param name="handle">Open, to be read.</param>
    /// <param name="owner">What to fill.</param>
    /// <param name="fileOffset">Where in the file to begin, in bytes.</param>
    /// <returns>How many bytes were read: all of the owner's, or fewer if the file ended. What is behind them is as it was.</returns>
    /// <exception cref="ArgumentNullException">The handle or an owner is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="fileOffset"/> is negative.</exception>
    /// <exception cref="IOException">The system refused.</exception>
    /// <exception cref="NotSupportedException">The handle is that of a pipe, or of something else without offsets.</exception>
    /// <exception cref="ObjectDisposedException">The handle is closed, or an owner was disposed.</exception>
    /// <exception cref="UnauthorizedAccessException">The file was not opened for this.</exception>
    public static long Read<T>(SafeFileHandle handle, NativeMemoryOwner<T> owner, long fileOffset)
        where T : unmanaged
    {
        using PinnedOwners pinned = Begin(handle, owner, fileOffset);
        return Read(handle, pinned, fileOffset);
    }

    /// <summary>Fills owners from a file, one behind the other.</summary>
    /// <param name="handle">Open, to be read.</param>
    /// <param name="owners">What to fill.</param>
    /// <param name="fileOffset">Where in the file to begin, in bytes.</param>
    /// <returns>How many bytes were read: all of the owners', or fewer if the file ended. What is behind them is as it was.</returns>
    /// <inheritdoc cref="Read{T}(SafeFileHandle, NativeMemoryOwner{T}, long)" path="/exception"/>
    public static long Read<T>(SafeFileHandle handle, IReadOnlyList<NativeMemoryOwner<T>> owners, long fileOffset)
        where T : unmanaged
    {
        using PinnedOwners pinned = Begin(handle, owners, fileOffset);
        return Read(handle, pinned, fileOffset);
    }

    /// <summary>Fills an owner from a file.</summary>
    /// <param name="handle">Open, to be read.</param>
    /// <param name="owner">What to fill.</param>
    /// <param name="fileOffset">Where in the file to begin, in bytes.</param>
    /// <param name="cancellationToken">Looked at between the calls to the system, which move some megabytes each.</param>
    /// <returns>How many bytes were read: all of the owner's, or fewer if the file ended.</returns>
    /// <inheritdoc cref="Read{T}(SafeFileHandle, NativeMemoryOwner{T}, long)" path="/exception"/>
    /// <exception cref="OperationCanceledException">It was cancelled; some of the bytes may have been read.</exception>
    public static ValueTask<long> ReadAsync<T>(
        SafeFileHandle handle, NativeMemoryOwner<T> owner, long fileOffset, CancellationToken cancellationToken = default)
        where T : unmanaged => ReadAsync(handle, Begin(handle, owner, fileOffset), fileOffset, cancellationToken);

    /// <summary>Fills owners from a file, one behind the other.</summary>
    /// <param name="handle">Open, to be read.</param>
    /// <param name="owners">What to fill.</param>
    /// <param name="fileOffset">Where in the file to begin, in bytes.</param>
    /// <param name="cancellationToken">Looked at between the calls to the system, which move some megabytes each.</param>
    /// <returns>How many bytes were read: all of the owners', or fewer if the file ended.</returns>
    /// <inheritdoc cref="ReadAsync{T}(SafeFileHandle, NativeMemoryOwner{T}, long, CancellationToken)" path="/exception"/>
    public static ValueTask<long> ReadAsync<T>(
        SafeFileHandle handle, IReadOnlyList<NativeMemoryOwner<T>> owners, long fileOffset, CancellationToken cancellationToken = default)
        where T : unmanaged => ReadAsync(handle, Begin(handle, owners, fileOffset), fileOffset, cancellationToken);

    /// <summary>Writes all of an owner to a file, which becomes longer as needed.</summary>
    /// <param name="handle">Open, to be written.</param>
    /// <param name="owner">What to write.</param>
    /// <param name="fileOffset">Where in the file to begin, in bytes.</param>
    /// <inheritdoc cref="Read{T}(SafeFileHandle, NativeMemoryOwner{T}, long)" path="/exception"/>
    public static void Write<T>(SafeFileHandle handle, NativeMemoryOwner<T> owner, long fileOffset)
        where T : unmanaged
    {
        using PinnedOwners pinned = Begin(handle, owner, fileOffset);
        Write(handle, pinned, fileOffset);
    }

    /// <summary>Writes all of several owners to a file, one behind the other.</summary>
    /// <param name="handle">Open, to be written.</param>
    /// <param name="owners">What to write.</param>
    /// <param name="fileOffset">Where in the file to begin, in bytes.</param>
    /// <inheritdoc cref="Read{T}(SafeFileHandle, NativeMemoryOwner{T}, long)" path="/exception"/>
    public static void Write<T>(SafeFileHandle handle, IReadOnlyList<NativeMemoryOwner<T>> owners, long fileOffset)
        where T : unmanaged
    {
        using PinnedOwners pinned = Begin(handle, owners, fileOffset);
        Write(handle, pinned, fileOffset);
    }

    /// <summary>Writes all of an owner to a file, which becomes longer as needed.</summary>
    /// <param name="handle">Open, to be written.</param>
    /// <param name="owner">What to write. Nobody should write to it meanwhile.</param>
    /// <param name="fileOffset">Where in the file to begin, in bytes.</param>
    /// <param name="cancellationToken">Looked at between the calls to the system, which move some megabytes each.</param>
    /// <inheritdoc cref="Read{T}(SafeFileHandle, NativeMemoryOwner{T}, long)" path="/exception"/>
    /// <exception cref="OperationCanceledException">It was cancelled; some of the bytes may have been written.</exception>
    public static ValueTask WriteAsync<T>(
        SafeFileHandle handle, NativeMemoryOwner<T> owner, long fileOffset, CancellationToken cancellationToken = default)
        where T : unmanaged => WriteAsync(handle, Begin(handle, owner, fileOffset), fileOffset, cancellationToken);

    /// <summary>Writes all of several owners to a file, one behind the other.</summary>
    /// <param name="handle">Open, to be written.</param>
    /// <param name="owners">What to write. Nobody should write to them meanwhile.</param>
    /// <param name="fileOffset">Where in the file to begin, in bytes.</param>
    /// <param name="cancellationToken">Looked at between the calls to the system, which move some megabytes each.</param>
    /// <inheritdoc cref="WriteAsync{T}(SafeFileHandle, NativeMemoryOwner{T}, long, CancellationToken)" path="/exception"/>
    public static ValueTask WriteAsync<T>(
        SafeFileHandle handle, IReadOnlyList<NativeMemoryOwner<T>> owners, long fileOffset, CancellationToken cancellationToken = default)
        where T : unmanaged => WriteAsync(handle, Begin(handle, owners, fileOffset), fileOffset, cancellationToken);

    private static PinnedOwners Begin<T>(SafeFileHandle handle, NativeMemoryOwner<T> owner, long fileOffset)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(owner);
        return Begin(handle, [owner], fileOffset);
    }

    private static PinnedOwners Begin<T>(SafeFileHandle handle, IReadOnlyList<NativeMemoryOwner<T>> owners, long fileOffset)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(handle);
        ArgumentNullException.ThrowIfNull(owners);
        ArgumentOutOfRangeException.ThrowIfNegative(fileOffset);
        ObjectDisposedException.ThrowIf(handle.IsClosed, handle);
        return PinnedOwners.Of(owners);
    }

    private static void ThrowIfBeyondLimit(SafeFileHandle handle, PinnedOwners pinned, long fileOffset)
    {
        if (pinned.ByteCount != 0)
        {
            Host.Maps.ThrowIfBeyondLimit(handle, fileOffset + pinned.ByteCount, "The file");
        }
    }

    private static long Read(SafeFileHandle handle, PinnedOwners pinned, long fileOffset)
    {
        while (pinned.NextToRead() is { } piece)
        {
            long fileStart = fileOffset + pinned.DoneByteCount;
            long byteCount = piece.Count == 1 ? RandomAccess.Read(handle, piece[0].Span, fileStart) : RandomAccess.Read(handle, piece, fileStart);
            if (byteCount == 0)
            {
                break;
            }

            pinned.Advance(byteCount);
        }

        return pinned.DoneByteCount;
    }

    private static void Write(SafeFileHandle handle, PinnedOwners pinned, long fileOffset)
    {
        ThrowIfBeyondLimit(handle, pinned, fileOffset);
        while (pinned.NextToWrite() is { } piece)
        {
            long fileStart = fileOffset + pinned.DoneByteCount;
            if (piece.Count == 1)
            {
                RandomAccess.Write(handle, piece[0].Span, fileStart);
            }
            else
            {
                RandomAccess.Write(handle, piece, fileStart);
            }

            pinned.Advance(pinned.PieceByteCount);
        }
    }

    private static async ValueTask<long> ReadAsync(
        SafeFileHandle handle, PinnedOwners pinned, long fileOffset, CancellationToken cancellationToken)
    {
        using (pinned)
        {
            cancellationToken.ThrowIfCancellationRequested();
            while (pinned.NextToRead() is { } piece)
            {
                long fileStart = fileOffset + pinned.DoneByteCount;
                long byteCount = piece.Count == 1
                    ? await RandomAccess.ReadAsync(handle, piece[0], fileStart, cancellationToken).ConfigureAwait(false)
                    : await RandomAccess.ReadAsync(handle, piece, fileStart, cancellationToken).ConfigureAwait(false);
                if (byteCount == 0)
                {
                    break;
                }

                pinned.Advance(byteCount);
            }

            return pinned.DoneByteCount;
        }
    }

    private static async ValueTask WriteAsync(
        SafeFileHandle handle, PinnedOwners pinned, long fileOffset, CancellationToken cancellationToken)
    {
        using (pinned)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ThrowIfBeyondLimit(handle, pinned, fileOffset);
            while (pinned.NextToWrite() is { } piece)
            {
                long fileStart = fileOffset + pinned.DoneByteCount;
                ValueTask writing = piece.Count == 1
                    ? RandomAccess.WriteAsync(handle, piece[0], fileStart, cancellationToken)
                    : RandomAccess.WriteAsync(handle, piece, fileStart, cancellationToken);
                await writing.ConfigureAwait(false);
                pinned.Advance(pinned.PieceByteCount);
            }
        }
    }
}
