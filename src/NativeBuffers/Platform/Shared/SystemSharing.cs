namespace NativeBuffers.Platform.Shared;

/// <summary>The border to the operating system: memory that processes find by a name.</summary>
/// <remarks>
/// One derived class a system. A *section* is such memory, open. Preconditions, stated once for all of them:
/// a name is 1 to <see cref="LongestName"/> bytes of UTF-8 without slashes, backslashes and control characters; byte counts to
/// map are not zero, and no larger than the section; a start address is one that <see cref="Map"/> returned, with the byte
/// count it was returned for; a section is unmapped before it is left, and left once.
/// Results: null means what the member says; what fails otherwise is an exception. A section is zero when it is created.
/// While a process is in, the name stays; it goes with the last one that leaves, or crashes.
/// </remarks>
internal abstract class SystemSharing
{
    /// <summary>In bytes of UTF-8. With what is put before it, a file's name.</summary>
    public const int LongestName = 200;

    /// <summary>What this library's names begin with, among all others.</summary>
    protected const string Prefix = "NativeBuffers-";

    /// <summary>The system this process runs on.</summary>
    /// <exception cref="PlatformNotSupportedException">The system is none of the three that the library supports.</exception>
    /// <summary>Creates a section; null when the name is in use, or when the wait for a process that removes the name is over.</summary>
    public abstract SafeHandle? TryCreate(string name, nuint byteCount, ref PeerWait wait);

    /// <summary>The section of this name; null when there is none.</summary>
    public abstract SafeHandle? TryOpen(string name, out nuint byteCount);

    /// <summary>Its memory, to read and write; null when refused.</summary>
    public abstract unsafe void* Map(SafeHandle section, nuint byteCount);

    /// <summary>The number of bytes of a section now: fewer than at its creation if another process has cut it.</summary>
    public abstract nuint ByteCountOf(SafeHandle section, nuint byteCount);

    /// <summary>Ends the mapping.</summary>
    public abstract unsafe void Unmap(void* start, nuint byteCount);

    /// <summary>Closes a section, and sees that its name goes if nobody else is in. Does not throw.</summary>
    public abstract void Leave(SafeHandle section, string name);
}
