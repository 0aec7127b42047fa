using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Platform.Shared;

/// <summary>The border to the operating system: files as memory.</summary>
/// <remarks>
/// One derived class a system. Preconditions, stated once for all of them:
/// byte counts are not zero; a start address is one that <see cref="Map"/> or <see cref="Remap"/> returned, with the byte
/// count it was returned for, and nobody uses its memory while it is remapped or unmapped; a file is open, and was opened
/// for what is asked; a name is the file's, for messages. Mappings are shared: a write to one mapping is in the file and in all other mappings.
/// Results: null means that there is no memory for a mapping, and nothing changed; all else that fails is an exception
/// of the kind that the platform's own file methods throw.
/// </remarks>
internal abstract class SystemMaps
{
    /// <summary>The system this process runs on.</summary>
    /// <exception cref="PlatformNotSupportedException">The system is none of the three that the library supports.</exception>
    /// <summary>Whether the system cuts no mapped file. Then the mapping ends first, and is made anew.</summary>
    public virtual bool MustUnmapToCut => false;

    /// <summary>Whether opening this path gives bytes in a file. Not of pipes, devices and folders; true where there is nothing.</summary>
    public abstract bool IsPlainFile(string path);

    /// <summary>The first bytes of a file.</summary>
    public abstract unsafe void* Map(SafeFileHandle file, nuint byteCount, bool canWrite, string name = "A file");

    /// <summary>Gives a file another length, and its mapping too. Of what is longer, the new bytes are zero and have room on the disk.</summary>
    /// <remarks>A failure leaves file and mapping as they were. Where <see cref="MustUnmapToCut"/>, the file can only become longer.</remarks>
    public abstract unsafe void* Remap(SafeFileHandle file, void* start, nuint oldByteCount, nuint newByteCount, string name);

    /// <summary>Maps the first bytes of a file again at the same address, to read and write them; false if that fails.</summary>
    /// <remarks>For systems with <see cref="MustUnmapToCut"/>.</remarks>
    public virtual unsafe bool TryMapAt(SafeFileHandle file, void* start, nuint byteCount) => false;

    /// <summary>Ends a mapping. What was written is the file's.</summary>
    public abstract unsafe void Unmap(void* start, nuint byteCount);

    /// <summary>Waits until what was written to a part of a mapping is on the disk.</summary>
    public abstract unsafe void Flush(SafeFileHandle file, void* start, nuint byteCount, string name);

    /// <summary>Says that a mapping will be read from front to end. A hint: may do nothing.</summary>
    public abstract unsafe void ExpectSequential(void* start, nuint byteCount);

    /// <summary>Gives a file another length. Of what is longer, the new bytes are zero, and have room on the disk if its file system can promise.</summary>
    /// <remarks>What fails leaves the file as it was.</remarks>
    public virtual void SetLength(SafeFileHandle file, long byteCount, string name = "A file") => RandomAccess.SetLength(file, byteCount);

    /// <summary>Throws if this process may not write to a file up to <paramref name="end"/>, in bytes: such a write would end the process.</summary>
    /// <exception cref="IOException">There is such a limit (<c>ulimit -f</c>).</exception>
    public virtual void ThrowIfBeyondLimit(SafeFileHandle file, long end, string name)
    {
    }
}
