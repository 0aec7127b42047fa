using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers.Regions;

/// <summary>Makes a file of zeros, and maps it: a new file in the old one's place, or the old file itself.</summary>
/// <remarks>
/// A new file loses nothing: programs that have the old file keep it, and if the disk refuses, the old file is still there. But a new file
/// cannot always get the old one's properties or its place; <see cref="SystemFiles"/> decides. Then the old file is written. It keeps its
/// owner, permissions and all names, and all programs that have it see the zeros. Errors name the path that the user gave, and never a
/// temporary name.
/// </remarks>
internal static class NewFile
{
    private const int ClearedAtOnce = 1 << 20;

    /// <summary>Makes the file at a path, with a length in bytes.</summary>
    public static FileMapping Create(string path, nuint byteCount, MappedFileAccess access)
    {
        string fullPath = FileMapping.Check(path, access);
        bool isLink = new FileInfo(fullPath).LinkTarget is not null;
        string? target = isLink ? Host.Files.EndOf(fullPath) : fullPath;
        return target is null ? Overwrite(fullPath, fullPath, isLink, byteCount, access)
            : TryReplace(fullPath, target, byteCount, access)
                ?? Overwrite(fullPath, target, isLink: false, byteCount, access);
    }

    /// <summary>Puts a new file in the place of a path; null if that is not possible.</summary>
    private static FileMapping? TryReplace(string path, string target, nuint byteCount, MappedFileAccess access)
    {
        SafeFileHandle? file = Host.Files.TryCreateBeside(target, out string? temporaryPath);
        if (file is null)
        {
            return null;
        }

        FileMapping? mapping = null;
        bool isDone = false;
        try
        {
            Host.Files.SetLength(file, (long)byteCount, path);
            mapping = FileMapping.Map(file, path, canWrite: true, access, byteCount, Host.Files);
            isDone = Host.Files.TryPutInPlace(file, ref temporaryPath, target);
            return isDone ? mapping : null;
        }
        finally
        {
            if (!isDone)
            {
                mapping?.FreeUnowned();
                file.Dispose();
                if (temporaryPath is not null)
                {
                    File.Delete(temporaryPath);
                }
            }
        }
    }

    /// <summary>Makes the file itself all zeros, of another length.</summary>
    /// <remarks>
    /// Takes the room and the memory first: if one is refused, the file is unchanged. The file is never shorter than the shorter of the two
    /// lengths, so mappings of the part that stays remain valid. Windows cuts no mapped file: there the cut comes first.
    /// </remarks>
    private static FileMapping Overwrite(string path, string target, bool isLink, nuint byteCount, MappedFileAccess access)
    {
        // A call that creates opens an existing file too: the kernel guards files of other users and links against such calls (fs.protected_*).
        bool mayBeNew = isLink || !File.Exists(target);
        SafeFileHandle file = File.OpenHandle(
            target, mayBeNew && !isLink ? FileMode.CreateNew : FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        SystemFiles files = Host.Files;
        long length = (long)byteCount;
        long lengthBefore = RandomAccess.GetLength(file);
        FileMapping? mapping = null;
        bool isDone = false;
        try
        {
            if (length > lengthBefore || files.MustUnmapToCut)
            {
                files.SetLength(file, length, path);
            }

            mapping = FileMapping.Map(file, path, canWrite: true, access, byteCount, files);
            Clear(file, long.Min(length, lengthBefore), path);
            if (length < lengthBefore && !files.MustUnmapToCut)
            {
                files.SetLength(file, length, path);
            }

            isDone = true;
            return mapping;
        }
        finally
        {
            if (!isDone)
            {
                if (mapping is not null)
                {
                    mapping.FreeUnowned();
                }
                else if (length > lengthBefore)
                {
                    files.SetLength(file, lengthBefore, path);
                }

                file.Dispose();
                if (mayBeNew && lengthBefore == 0 && (isLink ? Host.Files.EndOf(target) : target) is { } made)
                {
                    File.Delete(made);
                }
            }
        }
    }

    /// <summary>Writes zeros to the file, and not to a mapping: if the disk has no room for a hole, the write throws.</summary>
    private static void Clear(SafeFileHandle file, long byteCount, string path)
    {
        Host.Files.ThrowIfBeyondLimit(file, byteCount, path);
        byte[] zeros = new byte[(int)long.Min(byteCount, ClearedAtOnce)];
        for (long done = 0; done < byteCount; done += zeros.Length)
        {
            RandomAccess.Write(file, zeros.AsSpan(0, (int)long.Min(zeros.Length, byteCount - done)), done);
        }
    }
}
