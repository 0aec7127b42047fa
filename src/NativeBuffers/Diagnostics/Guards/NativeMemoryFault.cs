namespace NativeBuffers;

/// <summary>A memory access that failed, from a <see cref="NativeMemoryReport"/>.</summary>
public sealed class NativeMemoryFault
{
    internal NativeMemoryFault(nuint address, bool? isWrite, nuint instruction)
    {
        Address = address;
        IsWrite = isWrite;
        Instruction = instruction;
    }

    /// <summary>The address that was touched.</summary>
    public nuint Address { get; }

    /// <summary>True for a write, false for a read, null if the processor did not tell.</summary>
    public bool? IsWrite { get; }

    /// <summary>The address of the instruction.</summary>
    public nuint Instruction { get; }
}
