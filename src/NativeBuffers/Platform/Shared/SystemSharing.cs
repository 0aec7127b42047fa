namespace NativeBuffers.Platform.Shared;

/// <summary>The border to the operating system: memory that processes find by a name.</summary>
/// <remarks>
/// One derived class a system. An open handle to such memory is a *section*. A new section is zero. Its name lasts while a process uses it,
/// and goes with the last process that leaves or crashes. A name is 1 to <see cref="LongestName"/> bytes of UTF-8 without slashes,
/// backslashes and control characters. A section is unmapped before it is left, and is left once.
/// </remarks>
/// <safety>
/// Byte counts to map are not zero, and not larger than the section. A start address comes from <see cref="Map"/>, with its byte count. No
/// other code uses the memory after <see cref="Unmap"/>.
/// </safety>
internal abstract class SystemSharing
{
    /// <summary>In bytes of UTF-8. Together with <see cref="Prefix"/>, a file's name.</summary>
    public const int LongestName = 200;

    /// <summary>The beginning of all names of this library.</summary>
    protected const string Prefix = "NativeBuffers-";

    /// <summary>Creates a section; null if the name is in use, or if the wait for a process that removes the name is over.</summary>
    public abstract SafeHandle? TryCreate(string name, nuint byteCount, ref PeerWait wait);

    /// <summary>Opens the section of a name; null if there is none.</summary>
    public abstract SafeHandle? TryOpen(string name, out nuint byteCount);

    /// <summary>Maps a section, to read and write it; null if memory is short.</summary>
    public abstract unsafe void* Map(SafeHandle section, nuint byteCount);

    /// <summary>The number of bytes of a section now: fewer than at its creation if another process has cut it.</summary>
    public abstract nuint ByteCountOf(SafeHandle section, nuint byteCount);

    /// <summary>Ends the mapping.</summary>
    public abstract unsafe void Unmap(void* start, nuint byteCount);

    /// <summary>Closes a section, and removes its name if no other process uses it. Does not throw.</summary>
    public abstract void Leave(SafeHandle section, string name);
}
