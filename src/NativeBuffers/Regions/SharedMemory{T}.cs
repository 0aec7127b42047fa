using System.Text;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Instrumentation;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;
using NativeBuffers.Regions;

namespace NativeBuffers;

/// <summary>Memory of <typeparamref name="T"/> that several processes of one user find by its name, and see the same elements in.</summary>
/// <remarks>
/// <para>Dispose it, or dispose what holds it. One that was forgotten is left by a finalizer, as every owner. A name lasts as
/// long as somebody has it open, in whatever process. It goes with the last of them; and when that one crashed, it
/// counts as gone, and its memory is freed when the next shared memory is created or opened by that name.</para>
/// <para>All members may be called from all threads at any time. While a borrow lasts, <see cref="Dispose"/> lets nobody else
/// in, and the memory is left when the last one ends.</para>
/// <para>The memory keeps its length unless another program cuts its file, which programs of this user may do on Linux and macOS. Then
/// the memory after the new end is gone. New borrows are refused with <see cref="EndOfStreamException"/>, and a borrow that goes on ends
/// the process where it touches that memory.</para>
/// <para>Who may write what, and when another may read it, is for the processes to agree upon: with
/// <see cref="Volatile"/> and <see cref="Interlocked"/> on elements, as between threads. A process that crashes leaves
/// elements as they are: half written, perhaps.</para>
/// </remarks>
/// <example>
/// <code>
/// using var shared = SharedMemory&lt;long&gt;.OpenOrCreate("counters", 16);
/// using var counters = shared.Borrow();
/// Interlocked.Increment(ref counters[0]);
/// </code>
/// </example>
/// <typeparam name="T">Any type without references; the same in all processes.</typeparam>
[SuppressMessage("Design", "CA1000", Justification = "The type is named where it is created, as the field's type is.")]
public sealed class SharedMemory<T> : IDisposable
    where T : unmanaged
{
    private readonly SharedSection _section;
    private OwnedBlock _ownedBlock;

    /// <safety>The ownedBlock has the section's block, which lives until the ownedBlock ends.</safety>
    private unsafe SharedMemory(SharedSection section, OwnedBlock ownedBlock)
    {
        _section = section;
        _ownedBlock = ownedBlock;
    }

    /// <summary>What other processes open it by.</summary>
    public string Name => _section.Name;

    /// <summary>The number of elements; 0 once disposed.</summary>
    public long Length => _ownedBlock.LengthOrNone;

    /// <summary>Whether it was disposed.</summary>
    public bool IsDisposed => _ownedBlock.IsOver;

    /// <summary>New memory of zeros, under a name that nobody uses.</summary>
    /// <param name="name">Of 1 to 200 bytes of UTF-8, without slashes, backslashes, control characters and halves of surrogate pairs.</param>
    /// <param name="length">In elements.</param>
    /// <exception cref="ArgumentException"><paramref name="name"/> cannot be one.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="IOException">The name is in use, or another process has been removing it for some seconds; or the system
    /// refused for another reason, such as the process's limit for files (<c>ulimit -f</c>).</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static SharedMemory<T> Create(
        string name, long length, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        var wait = default(PeerWait);
        return TryCreate(name, length, ref wait, file, line)
            ?? throw new IOException(wait.IsOver ? StillLeaving(name) : $"The shared memory '{name}' is in use.");
    }

    /// <inheritdoc cref="Create(string, long, string?, int)"/>
    public static SharedMemory<T> Create(string name, long length) => Create(name, length, file: null);

    /// <summary>Memory that another process, or this one, has created.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="ArgumentException"><paramref name="name"/> cannot be one.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    /// <exception cref="FileNotFoundException">Nobody uses the name.</exception>
    /// <exception cref="InvalidDataException">Its size is not a whole number of elements.</exception>
    /// <exception cref="OutOfMemoryException">There is no room for the mapping.</exception>
    /// <exception cref="UnauthorizedAccessException">It is another user's.</exception>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static SharedMemory<T> Open(string name, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        TryOpen(name, file, line) ?? throw new FileNotFoundException($"There is no shared memory '{name}'.", name);

    /// <inheritdoc cref="Open(string, string?, int)"/>
    public static SharedMemory<T> Open(string name) => Open(name, file: null);

    /// <summary>Memory of this name: created if there is none.</summary>
    /// <inheritdoc cref="Create(string, long, string?, int)" path="/param|/exception"/>
    /// <exception cref="FileNotFoundException">Another process has been removing the name for some seconds, and may be stopped.</exception>
    /// <exception cref="InvalidDataException">It is there, and has another size.</exception>
    /// <exception cref="UnauthorizedAccessException">It is another user's.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static SharedMemory<T> OpenOrCreate(
        string name, long length, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        _ = Layout.ByteCount(length, Unsafe.SizeOf<T>());

        // Others may do the same at the same time: then one of them creates, and whoever comes too late for that opens.
        var wait = default(PeerWait);
        do
        {
            if (TryOpen(name, file, line) is { } opened)
            {
                if (opened.Length == length)
                {
                    return opened;
                }

                string message = $"The shared memory '{name}' has {opened.Length:N0} elements, not {length:N0}.";
                opened.Dispose();
                throw new InvalidDataException(message);
            }

            if (TryCreate(name, length, ref wait, file, line) is { } created)
            {
                return created;
            }
        }
        while (wait.TryPause());
        throw new FileNotFoundException(StillLeaving(name), name);
    }

    /// <inheritdoc cref="OpenOrCreate(string, long, string?, int)"/>
    public static SharedMemory<T> OpenOrCreate(string name, long length) => OpenOrCreate(name, length, file: null);

    /// <summary>Borrows the memory: it is not left before the result is disposed.</summary>
    /// <returns>A ref struct: declare it with <c>using</c>. Its spans cannot leave its scope.</returns>
    /// <exception cref="EndOfStreamException">Another process has cut the memory's file.</exception>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public Borrow<T> Borrow()
    {
        if (!_ownedBlock.TryBorrow(out BorrowMark mark) && !_ownedBlock.TryBorrowSlow(out mark))
        {
            throw Disposed();
        }

        unsafe
        {
            // SAFETY: the block is borrowed with this mark.
            var borrow = new Borrow<T>(mark, _ownedBlock.Start, _ownedBlock.BorrowedLength);
            try
            {
                _section.ThrowIfCut((nuint)borrow.Length * (nuint)sizeof(T));
            }
            catch
            {
                borrow.Dispose();
                throw;
            }

            GC.KeepAlive(this);
            return borrow;
        }
    }

    /// <summary>The memory as a stream, for code that wants one. The memory is not left before the stream is disposed.</summary>
    /// <returns>A stream that the caller disposes. It reads and writes, and does not make the memory longer.</returns>
    /// <exception cref="EndOfStreamException">Another process has cut the memory's file.</exception>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public UnmanagedMemoryStream AsStream()
    {
        using Borrow<T> borrow = Borrow();
        UnmanagedMemoryStream? stream = MappingStream.TryOpen(ref _ownedBlock, Unsafe.SizeOf<T>(), FileAccess.ReadWrite);
        GC.KeepAlive(this);
        return stream ?? throw Disposed();
    }

    /// <summary>Lets nobody in any more, and leaves the memory: now, or when the last borrow of it ends. Other users keep it.</summary>
    /// <remarks>Once only: a second call does nothing, from whichever thread. Never throws.</remarks>
    public void Dispose()
    {
        _ownedBlock.Close();
        GC.KeepAlive(this);
    }

    private static SharedMemory<T>? TryCreate(string name, long length, ref PeerWait wait, string? file, int line)
    {
        ThrowIfNoName(name);
        nuint byteCount = Layout.ByteCount(length, Unsafe.SizeOf<T>());
        return Host.Sharing.TryCreate(name, byteCount, ref wait) is { } section ? Enter(section, name, byteCount, file, line) : null;
    }

    private static SharedMemory<T>? TryOpen(string name, string? file, int line)
    {
        ThrowIfNoName(name);
        return Host.Sharing.TryOpen(name, out nuint byteCount) is { } section ? Enter(section, name, byteCount, file, line) : null;
    }

    private static SharedMemory<T> Enter(SafeHandle section, string name, nuint byteCount, string? file, int line)
    {
        var shared = new SharedSection(section, name);
        var block = default(Block);
        bool isMapped = false;
        try
        {
            if (byteCount % (nuint)Unsafe.SizeOf<T>() != 0)
            {
                throw new InvalidDataException(
                    $"The shared memory '{name}' has {byteCount:N0} bytes, which is not a whole number of elements of {Unsafe.SizeOf<T>():N0} bytes.");
            }

            unsafe
            {
                // SAFETY: the section has so many bytes, and the block belongs to nobody else.
                block = shared.Map(byteCount);
                isMapped = true;
                AllocationSite.Note(file, line, typeof(T));
                return new SharedMemory<T>(
                    shared, new OwnedBlock(SharedHandle.Adopt(block.Start, byteCount, shared), (long)(byteCount / (nuint)sizeof(T))));
            }
        }
        catch when (!isMapped)
        {
            shared.Leave();
            throw;
        }
        catch
        {
            unsafe
            {
                // SAFETY: nobody has seen the block.
                shared.Free(block.Start, block.ByteCount);
            }

            throw;
        }
    }

    private static void ThrowIfNoName(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        SystemName.ThrowIfBroken(name, nameof(name));
        int byteCount = Encoding.UTF8.GetByteCount(name);
        if (byteCount > SystemSharing.LongestName)
        {
            throw new ArgumentException($"The name has {byteCount:N0} bytes of UTF-8; a name has at most {SystemSharing.LongestName}.", nameof(name));
        }

        foreach (char c in name)
        {
            if (c is '/' or '\\' || char.IsControl(c))
            {
                throw new ArgumentException($"The name has U+{(int)c:X4}; a name has no slashes, backslashes and control characters.", nameof(name));
            }
        }
    }

    private static string StillLeaving(string name) =>
        $"The shared memory '{name}' is gone, but another process has been removing its name for more than {PeerWait.MostSeconds} seconds: that process may be stopped."
        + " Let it go on, or end it, and try again.";

    private static ObjectDisposedException Disposed() => ThrowHelper.Disposed($"{nameof(SharedMemory<>)}<{typeof(T).Name}>");
}
