using System.Text;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Instrumentation;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;
using NativeBuffers.Regions;

namespace NativeBuffers;

/// <summary>Memory of <typeparamref name="T"/> that several processes of one user share, and find by its name.</summary>
/// <remarks>
/// <para>Dispose it, or dispose the object that has it. A finalizer leaves a memory that was not disposed. A name lasts while any process
/// has it open, and goes with the last of these processes. If that process crashed, the name counts as gone. Its memory is freed when the
/// next shared memory is created or opened by that name.</para>
/// <para>All members may be called from all threads at any time. After <see cref="Dispose"/> no borrow can begin, and the memory is left
/// when the last borrow ends.</para>
/// <para>The memory keeps its length unless another program cuts its file, which programs of this user may do on Linux and macOS. Then
/// the memory after the new end is gone. New borrows are refused with <see cref="EndOfStreamException"/>. An earlier borrow ends the
/// process where it touches that memory.</para>
/// <para>The processes agree which of them writes an element, and when another one may read it: with <see cref="Volatile"/> and
/// <see cref="Interlocked"/> on elements, as between threads. A process that crashes may leave elements half written.</para>
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

    private SharedMemory(SharedSection section, OwnedBlock ownedBlock)
    {
        _section = section;
        _ownedBlock = ownedBlock;
    }

    /// <summary>The name by which other processes open it.</summary>
    public string Name => _section.Name;

    /// <summary>The number of elements; 0 after <see cref="Dispose"/>.</summary>
    public long Length => _ownedBlock.LengthOrNone;

    /// <summary>True after <see cref="Dispose"/>.</summary>
    public bool IsDisposed => _ownedBlock.IsOver;

    /// <summary>Makes new memory of zeros, under a name that is not in use.</summary>
    /// <param name="name">1 to 200 bytes of UTF-8, without slashes, backslashes, control characters and halves of surrogate pairs.</param>
    /// <param name="length">In elements.</param>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not allowed.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="IOException">The name is in use, or another process has been removing it for some seconds. Or the system refused for
    /// another reason, such as the process's limit for files (<c>ulimit -f</c>).</exception>
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

    /// <summary>Opens memory that this or another process has created.</summary>
    /// <param name="name">The memory's name.</param>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not allowed.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    /// <exception cref="FileNotFoundException">No process uses the name.</exception>
    /// <exception cref="InvalidDataException">The memory's size is not a whole number of elements.</exception>
    /// <exception cref="OutOfMemoryException">The address space has no room for the mapping.</exception>
    /// <exception cref="UnauthorizedAccessException">The memory belongs to another user.</exception>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/>.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static SharedMemory<T> Open(string name, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0) =>
        TryOpen(name, file, line) ?? throw new FileNotFoundException($"There is no shared memory '{name}'.", name);

    /// <inheritdoc cref="Open(string, string?, int)"/>
    public static SharedMemory<T> Open(string name) => Open(name, file: null);

    /// <summary>Opens the memory of a name, or creates it if there is none.</summary>
    /// <inheritdoc cref="Create(string, long, string?, int)" path="/param|/exception"/>
    /// <exception cref="FileNotFoundException">Another process has been removing the name for some seconds, and may be stopped.</exception>
    /// <exception cref="InvalidDataException">The memory exists, and has another size.</exception>
    /// <exception cref="UnauthorizedAccessException">The memory belongs to another user.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static SharedMemory<T> OpenOrCreate(
        string name, long length, [CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
    {
        _ = Layout.ByteCount(length, Unsafe.SizeOf<T>());

        // Several processes may do this at the same time: then one of them creates the memory, and the loop lets all of them open it.
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
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public Borrow<T> Borrow()
    {
        Borrow<T> borrow = _section.Borrow<T>(ref _ownedBlock);
        GC.KeepAlive(this);
        return borrow;
    }

    /// <summary>Opens a stream over the memory. The memory is not left before the stream is disposed.</summary>
    /// <returns>A stream that the caller disposes. It reads and writes, and does not make the memory longer.</returns>
    /// <inheritdoc cref="Borrow" path="/exception"/>
    public UnmanagedMemoryStream AsStream()
    {
        UnmanagedMemoryStream stream = _section.OpenStream<T>(ref _ownedBlock, FileAccess.ReadWrite);
        GC.KeepAlive(this);
        return stream;
    }

    /// <summary>Lets no borrow begin, and leaves the memory: now, or when its last borrow or stream ends. Other processes keep it.</summary>
    /// <remarks>Only the first call has an effect, on any thread. Never throws.</remarks>
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
        try
        {
            if (byteCount % (nuint)Unsafe.SizeOf<T>() != 0)
            {
                throw new InvalidDataException(
                    $"The shared memory '{name}' has {byteCount:N0} bytes, which is not a whole number of elements of {Unsafe.SizeOf<T>():N0} bytes.");
            }

            shared.Map(byteCount);
        }
        catch
        {
            shared.Leave();
            throw;
        }

        return new SharedMemory<T>(shared, shared.Own(Unsafe.SizeOf<T>(), AllocationSite.At(file, line, typeof(T))));
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
}
