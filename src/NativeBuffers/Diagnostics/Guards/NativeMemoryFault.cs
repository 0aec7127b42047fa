namespace NativeBuffers;

/// <summary>A memory access that failed, as the process noted it in its <see cref="NativeMemoryReport"/>.</summary>
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

    /// <summary>Whether it was to be written; false, if it was to be read; null where the processor did not say.</summary>
    public bool? IsWrite { get; }

    /// <summary>The address of the instruction.</summary>
    public nuint Instruction { get; }
}
