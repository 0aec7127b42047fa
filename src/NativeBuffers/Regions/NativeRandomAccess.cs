using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform;
using NativeBuffers.Regions;

namespace NativeBuffers;

/// <summary>Reads files into owners, and writes owners to files: whole, of any length, several at once.</summary>
/// <remarks>
/// <para>The counterpart of <see cref="RandomAccess"/>, whose spans and <see cref="Memory{T}"/> move at most 2 GiB at a time, and may get
/// less than they need. Here, less is read only if the file ended. Several owners are filled or written one after another, with few calls
/// to the system.</para>
/// <para>The owners' memory is pinned from beginning to end. An owner that is disposed during a call is freed after the call, and a resize
/// is refused. Bytes in the file are the same as in memory, with their byte order, and with the padding of structures.</para>
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
    /// <param name="handle">A file that is open for reading.</param>
    /// <param name="owner">The owner to fill.</param>
    /// <param name="fileOffset">The first byte in the file, in bytes.</param>
    /// <returns>The number of bytes that were read: all of the owner's, or fewer if the file ended. The bytes after them are unchanged.</returns>
    /// <exception cref="ArgumentNullException">The handle or an owner is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="fileOffset"/> is negative.</exception>
    /// <exception cref="IOException">The system refused.</exception>
    /// <exception cref="NotSupportedException">The handle is that of a pipe, or of another object without offsets.</exception>
    /// <exception cref="ObjectDisposedException">The handle is closed, or an owner was disposed.</exception>
    /// <exception cref="UnauthorizedAccessException">The file was not opened for this.</exception>
    public static long Read<T>(SafeFileHandle handle, NativeMemoryOwner<T> owner, long fileOffset)
        where T : unmanaged => Read(handle, Begin(handle, One(owner), fileOffset), fileOffset);

    /// <summary>Fills owners from a file, one after another.</summary>
    /// <param name="handle">A file that is open for reading.</param>
    /// <param name="owners">The owners to fill.</param>
    /// <param name="fileOffset">The first byte in the file, in bytes.</param>
    /// <inheritdoc cref="Read{T}(SafeFileHandle, NativeMemoryOwner{T}, long)" path="/returns|/exception"/>
    public static long Read<T>(SafeFileHandle handle, IReadOnlyList<NativeMemoryOwner<T>> owners, long fileOffset)
        where T : unmanaged => Read(handle, Begin(handle, owners, fileOffset), fileOffset);

    /// <inheritdoc cref="Read{T}(SafeFileHandle, NativeMemoryOwner{T}, long)"/>
    /// <param name="handle">A file that is open for reading.</param>
    /// <param name="owner">The owner to fill.</param>
    /// <param name="fileOffset">The first byte in the file, in bytes.</param>
    /// <param name="cancellationToken">Checked between the calls to the system, which move some megabytes each.</param>
    /// <exception cref="OperationCanceledException">It was cancelled; some of the bytes may have been read.</exception>
    public static ValueTask<long> ReadAsync<T>(
        SafeFileHandle handle, NativeMemoryOwner<T> owner, long fileOffset, CancellationToken cancellationToken = default)
        where T : unmanaged => ReadAsync(handle, Begin(handle, One(owner), fileOffset), fileOffset, cancellationToken);

    /// <inheritdoc cref="Read{T}(SafeFileHandle, IReadOnlyList{NativeMemoryOwner{T}}, long)"/>
    /// <param name="handle">A file that is open for reading.</param>
    /// <param name="owners">The owners to fill.</param>
    /// <param name="fileOffset">The first byte in the file, in bytes.</param>
    /// <param name="cancellationToken">Checked between the calls to the system, which move some megabytes each.</param>
    /// <exception cref="OperationCanceledException">It was cancelled; some of the bytes may have been read.</exception>
    public static ValueTask<long> ReadAsync<T>(
        SafeFileHandle handle, IReadOnlyList<NativeMemoryOwner<T>> owners, long fileOffset, CancellationToken cancellationToken = default)
        where T : unmanaged => ReadAsync(handle, Begin(handle, owners, fileOffset), fileOffset, cancellationToken);

    /// <summary>Writes all of an owner to a file, which becomes longer as needed.</summary>
    /// <param name="handle">A file that is open for writing.</param>
    /// <param name="owner">The owner to write.</param>
    /// <param name="fileOffset">The first byte in the file, in bytes.</param>
    /// <inheritdoc cref="Read{T}(SafeFileHandle, NativeMemoryOwner{T}, long)" path="/exception"/>
    public static void Write<T>(SafeFileHandle handle, NativeMemoryOwner<T> owner, long fileOffset)
        where T : unmanaged => Write(handle, Begin(handle, One(owner), fileOffset), fileOffset);

    /// <summary>Writes all of several owners to a file, one after another.</summary>
    /// <param name="handle">A file that is open for writing.</param>
    /// <param name="owners">The owners to write.</param>
    /// <param name="fileOffset">The first byte in the file, in bytes.</param>
    /// <inheritdoc cref="Read{T}(SafeFileHandle, NativeMemoryOwner{T}, long)" path="/exception"/>
    public static void Write<T>(SafeFileHandle handle, IReadOnlyList<NativeMemoryOwner<T>> owners, long fileOffset)
        where T : unmanaged => Write(handle, Begin(handle, owners, fileOffset), fileOffset);

    /// <inheritdoc cref="Write{T}(SafeFileHandle, NativeMemoryOwner{T}, long)"/>
    /// <param name="handle">A file that is open for writing.</param>
    /// <param name="owner">The owner to write. No thread should write to it before the task ends.</param>
    /// <param name="fileOffset">The first byte in the file, in bytes.</param>
    /// <param name="cancellationToken">Checked between the calls to the system, which move some megabytes each.</param>
    /// <exception cref="OperationCanceledException">It was cancelled; some of the bytes may have been written.</exception>
    public static ValueTask WriteAsync<T>(
        SafeFileHandle handle, NativeMemoryOwner<T> owner, long fileOffset, CancellationToken cancellationToken = default)
        where T : unmanaged => WriteAsync(handle, Begin(handle, One(owner), fileOffset), fileOffset, cancellationToken);

    /// <inheritdoc cref="Write{T}(SafeFileHandle, IReadOnlyList{NativeMemoryOwner{T}}, long)"/>
    /// <param name="handle">A file that is open for writing.</param>
    /// <param name="owners">The owners to write. No thread should write to them before the task ends.</param>
    /// <param name="fileOffset">The first byte in the file, in bytes.</param>
    /// <param name="cancellationToken">Checked between the calls to the system, which move some megabytes each.</param>
    /// <exception cref="OperationCanceledException">It was cancelled; some of the bytes may have been written.</exception>
    public static ValueTask WriteAsync<T>(
        SafeFileHandle handle, IReadOnlyList<NativeMemoryOwner<T>> owners, long fileOffset, CancellationToken cancellationToken = default)
        where T : unmanaged => WriteAsync(handle, Begin(handle, owners, fileOffset), fileOffset, cancellationToken);

    private static NativeMemoryOwner<T>[] One<T>(NativeMemoryOwner<T> owner)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(owner);
        return [owner];
    }

    /// <summary>Pins the owners; the caller disposes the result.</summary>
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
            Host.Files.ThrowIfBeyondLimit(handle, fileOffset + pinned.ByteCount, "The file");
        }
    }

    private static long Read(SafeFileHandle handle, PinnedOwners pinned, long fileOffset)
    {
        using (pinned)
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
    }

    private static void Write(SafeFileHandle handle, PinnedOwners pinned, long fileOffset)
    {
        using (pinned)
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
    }

    private static async ValueTask<long> ReadAsync(SafeFileHandle handle, PinnedOwners pinned, long fileOffset, CancellationToken cancellationToken)
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

    private static async ValueTask WriteAsync(SafeFileHandle handle, PinnedOwners pinned, long fileOffset, CancellationToken cancellationToken)
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
