namespace NativeBuffers.Platform.Shared;

/// <summary>The border to the operating system: where a memory access failed that ends the process.</summary>
/// <remarks>
/// <para>One derived class a system. A few instructions of machine code note a fault. They call nothing but, on Linux, the kernel,
/// because a process in this state allows no more. Then the runtime's own handling goes on as if nothing had happened; null references
/// and stack overflows are not noted.</para>
/// <para>The place is four words, writable for as long as the process lives: the address that was touched; what kind of access it
/// was, see <see cref="IsWrite"/>; the address of the instruction; the number of the signal, or 0. The last fault is the
/// one that counts. Addresses in the first 64 KiB are null references, and not noted.</para>
/// </remarks>
internal abstract class SystemFaults
{
    /// <summary>The system this process runs on.</summary>
    /// <exception cref="PlatformNotSupportedException">The system is none of the three that the library supports.</exception>
    /// <summary>The meaning of the second word: true for a write, false for a read, null if unknown.</summary>
    /// <remarks>If its highest bit is set, the lower half is an Arm64 instruction. Otherwise bit 1 is set for a write.</remarks>
    public static bool? IsWrite(ulong access) => (long)access < 0 ? Arm64Instruction.Writes((uint)access) : (access & 2) != 0;

    /// <summary>Whether what is noted says if it was a read or a write.</summary>
    public abstract bool KnowsAccess { get; }

    /// <summary>Notes faults from now on, for good; call it once. False if that cannot be had here.</summary>
    /// <param name="place">Where to note.</param>
    /// <param name="line">The line to write to the error stream when a guarded block was touched. Used on Linux.</param>
    /// <safety>Place, line, and the records and texts to which the line leads stay for as long as the process lives.</safety>
    public abstract unsafe bool TryNote(ulong* place, FaultLine* line);
}
