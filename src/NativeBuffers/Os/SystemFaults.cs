namespace NativeBuffers.Os;

/// <summary>The border to the operating system: where a memory access failed that ends the process.</summary>
/// <remarks>
/// <para>One derived class a system. What is noted, is noted by a few instructions of machine code that call nothing but, on Linux,
/// the kernel: the state that a process is in then allows no more. Afterwards the runtime's own handling goes on as if nothing had been
/// in between; null references and overflown stacks pass through unnoticed.</para>
/// <para>The place is four words, writable for as long as the process lives: the address that was touched; what kind of access it
/// was, see <see cref="IsWrite"/>; the address of the instruction; the number of the signal, or 0. The last fault is the
/// one that counts. Addresses in the first 64 KiB are null references, and not noted.</para>
/// </remarks>
internal abstract class SystemFaults
{
    private static readonly SystemFaults? s_current = ThisSystem.Choose<SystemFaults>(
        static () => new LinuxFaults(), static () => new WindowsFaults(), static () => new MacFaults());

    /// <summary>The system this process runs on.</summary>
    /// <exception cref="PlatformNotSupportedException">None of the three that the border is written for.</exception>
    public static SystemFaults Current => s_current ?? throw ThisSystem.Unsupported();

    /// <summary>What the second word says: true for a write, null if that is not known.</summary>
    /// <remarks>If its highest bit is set, the lower half is the instruction, of Arm64. Otherwise bit 1 is set for a write.</remarks>
    public static bool? IsWrite(ulong access) => (long)access < 0 ? Arm64Instruction.Writes((uint)access) : (access & 2) != 0;

    /// <summary>Whether what is noted says if it was a read or a write.</summary>
    public abstract bool KnowsAccess { get; }

    /// <summary>Notes faults from now on, for good; call it once. False if that cannot be had here.</summary>
    /// <param name="place">Where to note.</param>
    /// <param name="line">What to write to the error stream when a guarded block was touched: on Linux.</param>
    /// <safety>Both stay for as long as the process lives, and so do the records and texts that the line leads to.</safety>
    public abstract unsafe bool TryNote(ulong* place, FaultLine* line);
}
