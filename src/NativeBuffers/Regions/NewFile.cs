using Microsoft.Win32.SafeHandles;
using NativeBuffers.Os;
using NativeBuffers.Raw;

namespace NativeBuffers;

/// <summary>Makes a file of zeros, and maps it: a new one in the old one's place, or the old one itself.</summary>
/// <remarks>
/// A new file loses nothing: programs that have the old one keep it, and if the disk refuses, the old one is still there. But the new one
/// cannot always be what the old one was, or be put where it was; <see cref="SystemFiles"/> knows. Then the old one is written, as any
/// program would that opens it: it keeps its owner, permissions and other names, and all who have it see the zeros.
/// Errors name the path that the user gave: a temporary name is nobody's business.
/// </remarks>
internal static class NewFile
{
    private const int ClearedAtOnce = 1 << 20;

    /// <param name="path">Of the file.</param>
    /// <param name="byteCount">Its length.</param>
    /// <param name="access">How it will be read.</param>
    /// <param name="block">Freed by the result.</param>
    public static FileMapping Create(string path, nuint byteCount, MappedFileAccess access, out Block block)
    {
        string fullPath = FileMapping.Check(path, access);
        var link = new FileInfo(fullPath);
        string target = (link.LinkTarget is null ? null : link.ResolveLinkTarget(returnFinalTarget: true))?.FullName ?? fullPath;
        return TryReplace(fullPath, target, byteCount, access, out block) ?? Overwrite(fullPath, target, byteCount, access, out block);
    }

    /// <summary>Puts a new file in a path's place; null where it cannot be put there.</summary>
    private static FileMapping? TryReplace(string path, string target, nuint byteCount, MappedFileAccess access, out Block block)
    {
        block = default;
        SafeFileHandle? file = SystemFiles.Current.TryCreateBeside(target, out string? temporaryPath);
        if (file is null)
        {
            return null;
        }

        FileMapping? mapping = null;
        bool isDone = false;
        try
        {
            SystemMaps.Current.SetLength(file, (long)byteCount, path);
            mapping = FileMapping.Map(file, path, canWrite: true, access, byteCount, SystemMaps.Current, out block);
            isDone = SystemFiles.Current.TryPutInPlace(file, ref temporaryPath, target);
            return isDone ? mapping : null;
        }
        finally
        {
            if (!isDone)
            {
                unsafe
                {
                    // SAFETY: nobody has seen the block.
                    mapping?.Free(block.Start, block.ByteCount);
                }

                file.Dispose();
                if (temporaryPath is not null)
                {
                    File.Delete(temporaryPath);
                }
            }
        }
    }

    /// <summary>Makes the file itself all zeros, of another length.</summary>
    /// <remarks>It takes the room first, and is never shorter than both lengths are: so mappings of the part that stays go on.</remarks>
    private static FileMapping Overwrite(string path, string target, nuint byteCount, MappedFileAccess access, out Block block)
    {
        bool isNew = !File.Exists(target);
        SafeFileHandle file = File.OpenHandle(
            target, isNew ? FileMode.CreateNew : FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            long length = (long)byteCount;
            long lengthBefore = RandomAccess.GetLength(file);
            if (length > lengthBefore)
            {
                SystemMaps.Current.SetLength(file, length, path);
            }

            Clear(file, long.Min(length, lengthBefore), path);
            if (length < lengthBefore)
            {
                SystemMaps.Current.SetLength(file, length, path);
            }

            return FileMapping.Map(file, path, canWrite: true, access, byteCount, SystemMaps.Current, out block);
        }
        catch
        {
            file.Dispose();
            if (isNew)
            {
                File.Delete(target);
            }

            throw;
        }
    }

    /// <remarks>By writing to the file, not to a mapping: a hole that the disk has no room for is an exception here.</remarks>
    private static void Clear(SafeFileHandle file, long byteCount, string path)
    {
        SystemMaps.Current.ThrowIfBeyondLimit(file, byteCount, path);
        byte[] zeros = new byte[(int)long.Min(byteCount, ClearedAtOnce)];
        for (long done = 0; done < byteCount; done += zeros.Length)
        {
            RandomAccess.Write(file, zeros.AsSpan(0, (int)long.Min(zeros.Length, byteCount - done)), done);
        }
    }
}
