using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;
using static NativeBuffers.Platform.Unix.UnixCalls;

namespace NativeBuffers.Platform.Unix;

/// <summary>Shared memory on Unix systems: a section is a file, and each process that uses it has a shared lock on it.</summary>
/// <remarks>
/// <para>The kernel removes a process's lock when the process ends, even by a crash. A file gets its name only after it is locked and has
/// its size, so every name leads to a complete section. Only a process with the exclusive lock removes a name. The kernel grants that lock
/// when no process uses the file: to the last process that leaves, or, after a crash, to the next one that opens or creates a section.</para>
/// <para>To turn a shared lock into an exclusive one, the kernel removes the first before it tries the second. If several processes leave at
/// once, the last request succeeds. If another process enters in between, no request succeeds, and the name stays.</para>
/// <para>.NET locks only the files that it opens itself, and it opens none of these.</para>
/// </remarks>
internal abstract class UnixSharing(UnixStat stat, SystemFiles files) : SystemSharing
{
    private enum Found
    {
        Nothing,
        InUse,
        Leaving,
    }

    /// <summary>The folder of the files.</summary>
    protected abstract string Folder { get; }

    /// <summary>Flags of <c>open</c> to read and write: not through a link, without waiting for a pipe, and not for child processes.</summary>
    protected abstract int OpenFlags { get; }

    public sealed override SafeHandle? TryCreate(string name, nuint byteCount, ref PeerWait wait)
    {
        RemoveLeftovers();
        string path = PathOf(name);
        SafeFileHandle file = CreateLocked(out string? temporaryPath);
        bool isNamed = false;
        try
        {
            TakeMemory(file, byteCount, name);
            while (!(isNamed = TryName(file, temporaryPath, path)))
            {
                Found found = Find(path, out SafeFileHandle? other);
                if (found == Found.InUse && (other is null || !LeaveFile(other, path)))
                {
                    return null;
                }

                // The process that removes the file may be stopped, and then keeps its lock for ever.
                if (!wait.TryPause())
                {
                    return null;
                }
            }

            return file;
        }
        finally
        {
            if (temporaryPath is not null)
            {
                _ = unlink(temporaryPath);
            }

            if (!isNamed)
            {
                file.Dispose();
            }
        }
    }

    public sealed override SafeHandle? TryOpen(string name, out nuint byteCount)
    {
        byteCount = 0;
        if (Find(PathOf(name), out SafeFileHandle? file) != Found.InUse)
        {
            return null;
        }

        if (file is null)
        {
            throw new UnauthorizedAccessException($"The shared memory '{name}' is another user's.");
        }

        byteCount = ByteCountOf(file, 0);
        return file;
    }

    /// <inheritdoc/>
    public sealed override unsafe void* Map(SafeHandle section, nuint byteCount) =>
        files.Map((SafeFileHandle)section, byteCount, canWrite: true, "Shared memory");

    public sealed override nuint ByteCountOf(SafeHandle section, nuint byteCount) => (nuint)RandomAccess.GetLength((SafeFileHandle)section);

    /// <inheritdoc/>
    public sealed override unsafe void Unmap(void* start, nuint byteCount) => files.Unmap(start, byteCount);

    public sealed override void Leave(SafeHandle section, string name) => _ = LeaveFile((SafeFileHandle)section, PathOf(name));

    /// <summary>Creates a file that only this user may open, with a shared lock on it.</summary>
    /// <param name="temporaryPath">The file's name, which no section can have; null if the file has no name.</param>
    protected abstract SafeFileHandle CreateLocked(out string? temporaryPath);

    /// <summary>Gives the file a name. Returns false, with the error number set, if the system refuses.</summary>
    protected abstract bool TryLink(SafeFileHandle file, string? temporaryPath, string path);

    /// <summary>The file that <c>open</c> or <c>mkostemp</c> created.</summary>
    /// <exception cref="IOException">The call failed. The handle is closed then.</exception>
    protected SafeFileHandle CreatedOrThrow(SafeFileHandle file)
    {
        int error = Marshal.GetLastPInvokeError();
        if (file.IsInvalid)
        {
            file.Dispose();
            throw SystemError.Of(error, $"A file for shared memory could not be created in {Folder}");
        }

        return file;
    }

    /// <summary>Gives the file a name; false if the name is in use.</summary>
    private bool TryName(SafeFileHandle file, string? temporaryPath, string path)
    {
        if (TryLink(file, temporaryPath, path))
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        return error == SystemError.EEXIST ? false : throw SystemError.Of(error, $"Shared memory could not be named {path}");
    }

    /// <remarks>Takes all memory now. If a page could not get memory at its first access, the process would end.</remarks>
    private void TakeMemory(SafeFileHandle file, nuint byteCount, string name)
    {
        string subject = $"The shared memory '{name}'";
        files.ThrowIfBeyondLimit(file, (long)byteCount, subject);
        try
        {
            files.SetLength(file, (long)byteCount, subject);
        }
        catch (IOException exception)
        {
            throw new InsufficientMemoryException($"{subject} could not get {byteCount:N0} bytes of memory.", exception);
        }
    }

    private string PathOf(string name) => Path.Combine(Folder, Prefix + name);

    /// <summary>Looks a path up. A file in use is returned with a shared lock, or as null if it belongs to another user. Removes an unused file.</summary>
    private Found Find(string path, out SafeFileHandle? file)
    {
        file = null;
        SafeFileHandle opened = open(path, OpenFlags);
        int error = Marshal.GetLastPInvokeError();
        try
        {
            if (opened.IsInvalid)
            {
                return SystemError.IsMissing(error) ? Found.Nothing
                    : SystemError.IsDenied(error) ? Found.InUse
                    : throw SystemError.Of(error, path);
            }

            if (!IsMine(opened))
            {
                return Found.InUse;
            }

            if (TryLock(opened, LOCK_EX))
            {
                RemoveIfNamed(opened, path);
                return Found.Nothing;
            }

            if (!TryLock(opened, LOCK_SH))
            {
                return Found.Leaving;
            }

            // The name may have gone before the lock was granted. With the lock, the name stays.
            if (!HasName(opened, path))
            {
                return Found.Nothing;
            }

            file = opened;
            return Found.InUse;
        }
        finally
        {
            if (file is null)
            {
                opened.Dispose();
            }
        }
    }

    /// <summary>Gives up the shared lock, and removes the name if no other process uses the file. True if the name is free.</summary>
    private bool LeaveFile(SafeFileHandle file, string path)
    {
        using (file)
        {
            return TryLock(file, LOCK_EX) && RemoveIfNamed(file, path);
        }
    }

    /// <summary>Removes the files of crashed processes, under all names.</summary>
    private void RemoveLeftovers()
    {
        foreach (string path in Directory.EnumerateFiles(Folder, Prefix + "*"))
        {
            using SafeFileHandle file = open(path, OpenFlags);
            if (!file.IsInvalid && IsMine(file) && TryLock(file, LOCK_EX))
            {
                _ = RemoveIfNamed(file, path);
            }
        }
    }

    /// <remarks>
    /// The name cannot change between the two calls: this process has the exclusive lock, and only a process with that lock removes the name.
    /// </remarks>
    private bool RemoveIfNamed(SafeFileHandle file, string path) => !HasName(file, path) || unlink(path) == 0;

    /// <summary>True if a path still leads to this file.</summary>
    private bool HasName(SafeFileHandle file, string path) => stat.At(path)?.Is(stat.Of(file)) == true;

    /// <summary>True for an ordinary file of this user.</summary>
    private bool IsMine(SafeFileHandle file) => stat.Of(file) is { IsPlain: true } found && found.Owner == geteuid();

    /// <summary>Takes a lock without waiting for it.</summary>
    protected static bool TryLock(SafeFileHandle file, int kind) => flock(file, kind | LOCK_NB) == 0;
}
