using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Platform.Shared;

/// <summary>The border to the operating system: files as memory.</summary>
/// <remarks>
/// One derived class a system. A file is open, with the access that the member needs. Its name is for messages. Mappings are shared: a
/// write to one is in the file and in all other mappings. Null means that memory is short, and nothing changed. All other failures throw
/// the exceptions of the platform's own file methods.
/// </remarks>
/// <safety>
/// Byte counts are not zero. A start address comes from <see cref="Map"/> or <see cref="Remap"/>, with its byte count. No other code uses
/// its memory while it is remapped or unmapped.
/// </safety>
internal abstract class SystemMaps
{
    /// <summary>True if the system cuts no mapped file. Then the mapping must end first.</summary>
    public virtual bool MustUnmapToCut => false;

    /// <summary>The longest file that this process may write, in bytes (<c>ulimit -f</c>); <see cref="long.MaxValue"/> without a limit.</summary>
    public virtual long LongestFile => long.MaxValue;

    /// <summary>False if the path is that of a pipe, a device or a folder. True if nothing has the path.</summary>
    public abstract bool IsPlainFile(string path);

    /// <summary>Maps the first bytes of a file.</summary>
    public abstract unsafe void* Map(SafeFileHandle file, nuint byteCount, bool canWrite, string name = "A file");

    /// <summary>Gives a file and its mapping another length. New bytes are zero, and have room on the disk.</summary>
    /// <remarks>A failure leaves file and mapping unchanged. With <see cref="MustUnmapToCut"/>, the file can only become longer.</remarks>
    public abstract unsafe void* Remap(SafeFileHandle file, void* start, nuint oldByteCount, nuint newByteCount, string name);

    /// <summary>Maps the first bytes of a file again at the same address, to read and write them; false if that fails.</summary>
    /// <remarks>For systems with <see cref="MustUnmapToCut"/>.</remarks>
    public virtual unsafe bool TryMapAt(SafeFileHandle file, void* start, nuint byteCount) => false;

    /// <summary>Ends a mapping. All writes to it are in the file.</summary>
    public abstract unsafe void Unmap(void* start, nuint byteCount);

    /// <summary>Waits until all earlier writes to a part of a mapping are on the disk.</summary>
    public abstract unsafe void Flush(SafeFileHandle file, void* start, nuint byteCount, string name);

    /// <summary>Says that a mapping will be read from front to end. A hint: may do nothing.</summary>
    public abstract unsafe void ExpectSequential(void* start, nuint byteCount);

    /// <summary>Gives a file another length. New bytes are zero, and have room on the disk if its file system can promise that.</summary>
    /// <remarks>A failure leaves the file unchanged.</remarks>
    public virtual void SetLength(SafeFileHandle file, long byteCount, string name = "A file") => RandomAccess.SetLength(file, byteCount);

    /// <summary>Throws if this process may not write to a file up to <paramref name="end"/>, in bytes: such a write would end the process.</summary>
    /// <exception cref="IOException"><see cref="LongestFile"/> is less.</exception>
    public virtual void ThrowIfBeyondLimit(SafeFileHandle file, long end, string name)
    {
    }
}
