using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Platform.Unix;

/// <summary>What Unix systems share: a section is a file, and who is in has a lock on it.</summary>
/// <remarks>
/// <para>The kernel takes a lock away when its process ends, in whatever way. So: who is in holds a shared lock. A file gets its
/// name when it is locked and has its size, so that every name leads to a whole section. A name is removed only by
/// one that has the exclusive lock, which is granted when nobody is in: to the last one that leaves, or, when
/// that one crashed, to whoever comes next to open or create anything.</para>
/// <para>Turning a shared lock into an exclusive one gives the first up before it asks for the second. So of several that
/// leave at once, the one that asks last is granted it; and if somebody came in between, nobody is, and the name stays.</para>
/// <para>These are not the locks that .NET takes on files that it opens: nothing here is opened by it.</para>
/// </remarks>
internal abstract partial class UnixSharing : SystemSharing
{
    private const int SharedLock = 1;
    private const int ExclusiveLock = 2;
    private const int WithoutWaiting = 4;

    private enum Found
    {
        Nothing,
        InUse,
        OnItsWayOut,
    }

    /// <summary>Where the files are.</summary>
    protected abstract string Folder { get; }

    /// <summary>How to open a file to read and write: not through a link, without waiting for a pipe, not for child processes.</summary>
    protected abstract int OpenFlags { get; }

    /// <summary>The user that this process acts for.</summary>
    protected static uint User => EffectiveUser();

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
                _ = Remove(temporaryPath);
            }

            if (!isNamed)
            {
                file.Dispose();
            }
        }
    }

    public sealed override SafeHandle? TryOpen(string name, out nuint byteCount)
    {
        string path = PathOf(name);
        byteCount = 0;
        Found found = Find(path, out SafeFileHandle? file);
        if (found != Found.InUse)
        {
            return null;
        }

        if (file is null)
        {
            throw new UnauthorizedAccessException($"The shared memory '{name}' is another user's.");
        }

        byteCount = (nuint)RandomAccess.GetLength(file);
        return file;
    }

    public sealed override unsafe void* Map(SafeHandle section, nuint byteCount) =>
        Host.Maps.Map((SafeFileHandle)section, byteCount, canWrite: true, "Shared memory");

    public sealed override nuint ByteCountOf(SafeHandle section, nuint byteCount) => (nuint)RandomAccess.GetLength((SafeFileHandle)section);

    public sealed override unsafe void Unmap(void* start, nuint byteCount) => Host.Maps.Unmap(start, byteCount);

    public sealed override void Leave(SafeHandle section, string name) => _ = LeaveFile((SafeFileHandle)section, PathOf(name));

    /// <summary>A new file of this user alone, with a shared lock on it.</summary>
    /// <param name="temporaryPath">A name that it has; null if none. Nobody takes it for a section's, but the lock counts.</param>
    protected abstract SafeFileHandle CreateLocked(out string? temporaryPath);

    /// <summary>Gives the file a name; false when that is taken.</summary>
    protected abstract bool TryName(SafeFileHandle file, string? temporaryPath, string path);

    /// <summary>Whether a file is still the one that a path leads to.</summary>
    protected abstract bool HasName(SafeFileHandle file, string path);

    /// <summary>Whether a file is one of this user's, and neither a folder nor a pipe.</summary>
    protected abstract bool IsMine(SafeFileHandle file);

    /// <summary>Takes the shared lock on a file that nobody else knows.</summary>
    protected static void LockShared(SafeFileHandle file)
    {
        if (!TryLock(file, SharedLock))
        {
            throw SystemFault.Of(Marshal.GetLastPInvokeError(), "A file for shared memory could not be locked");
        }
    }

    /// <remarks>All of it now: what is touched later, and is not to be had, would end the process.</remarks>
    private static void TakeMemory(SafeFileHandle file, nuint byteCount, string name)
    {
        string subject = $"The shared memory '{name}'";
        Host.Maps.ThrowIfBeyondLimit(file, (long)byteCount, subject);
        try
        {
            Host.Maps.SetLength(file, (long)byteCount, subject);
        }
        catch (IOException fault)
        {
            throw new InsufficientMemoryException($"{subject} could not get {byteCount:N0} bytes of memory.", fault);
        }
    }

    private string PathOf(string name) => Path.Combine(Folder, Prefix + name);

    /// <summary>Looks a name up, and goes in; removes a file that nobody is in.</summary>
    /// <param name="path">The file's.</param>
    /// <param name="file">If it is in use, with the shared lock; null if it is another user's.</param>
    private Found Find(string path, out SafeFileHandle? file)
    {
        file = Open(path, OpenFlags);
        int error = Marshal.GetLastPInvokeError();
        if (file.IsInvalid)
        {
            file.Dispose();
            file = null;
            return SystemFault.IsMissing(error) ? Found.Nothing
                : SystemFault.IsDenied(error) ? Found.InUse
                : throw SystemFault.Of(error, path);
        }

        SafeFileHandle opened = file;
        file = null;
        try
        {
            if (!IsMine(opened))
            {
                return Found.InUse;
            }

            if (TryLock(opened, ExclusiveLock))
            {
                RemoveIfNamed(opened, path);
                return Found.Nothing;
            }

            if (!TryLock(opened, SharedLock))
            {
                return Found.OnItsWayOut;
            }

            // Locked, but perhaps only after its name had gone. From here on, it stays.
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

    /// <summary>Gives up the shared lock, and the file its name if nobody else is in.</summary>
    /// <returns>Whether the name is free.</returns>
    private bool LeaveFile(SafeFileHandle file, string path)
    {
        using (file)
        {
            return TryLock(file, ExclusiveLock) && RemoveIfNamed(file, path);
        }
    }

    /// <summary>Removes what crashed processes left behind, whatever it is called.</summary>
    private void RemoveLeftovers()
    {
        foreach (string path in Directory.EnumerateFiles(Folder, Prefix + "*"))
        {
            using SafeFileHandle file = Open(path, OpenFlags);
            if (!file.IsInvalid && IsMine(file) && TryLock(file, ExclusiveLock))
            {
                _ = RemoveIfNamed(file, path);
            }
        }
    }

    /// <remarks>
    /// Looking first is no race: while this has the exclusive lock, nobody else removes the name of this file, and so nobody
    /// gives it to another.
    /// </remarks>
    private bool RemoveIfNamed(SafeFileHandle file, string path) => !HasName(file, path) || Remove(path) == 0;

    private static bool TryLock(SafeFileHandle file, int kind) => Lock(file, kind | WithoutWaiting) == 0;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "unlink", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Remove(string path);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();
}
