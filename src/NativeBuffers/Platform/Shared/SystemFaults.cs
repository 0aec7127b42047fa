namespace NativeBuffers.Platform.Shared;

/// <summary>The border to the operating system: notes of the memory access that ends the process.</summary>
/// <remarks>
/// <para>One derived class a system. A few instructions of machine code note a fault. They call only the kernel, and only on Linux,
/// because a process in this state allows no more calls. Then the runtime handles the fault as usual. Null references and stack overflows
/// are not noted.</para>
/// <para>The place has four words: the address that was touched; the kind of access, see <see cref="IsWrite"/>; the address of the
/// instruction; and the number of the signal, or 0. A later fault replaces the note of an earlier one. Addresses in the first 64 KiB are
/// null references, and are not noted.</para>
/// </remarks>
internal abstract class SystemFaults
{
    /// <summary>True if the notes distinguish reads from writes.</summary>
    public abstract bool KnowsAccess { get; }

    /// <summary>The meaning of the second word: true for a write, false for a read, null if unknown.</summary>
    /// <remarks>If its highest bit is set, the lower half is an Arm64 instruction. Otherwise bit 1 is set for a write.</remarks>
    public static bool? IsWrite(ulong access) => (long)access < 0 ? Arm64Instruction.Writes((uint)access) : (access & 2) != 0;

    /// <summary>Notes faults until the process ends. False if this system or processor does not allow that. Called once.</summary>
    /// <param name="place">The four words of the note.</param>
    /// <param name="line">The line to write to the error stream when a guarded block was touched. Used on Linux.</param>
    /// <safety>The place, the line, and the line's records and texts are allocated and writable until the process ends.</safety>
    public abstract unsafe bool TryNote(ulong* place, FaultLine* line);
}
