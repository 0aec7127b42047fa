namespace NativeBuffers.Platform.Shared;

/// <summary>Tells whether an Arm64 instruction writes to memory. The processor tells Linux, but Linux does not always tell the program.</summary>
/// <remarks>
/// By the encoding's tables for loads and stores. An atomic operation counts as a write, as it does on x64. A prefetch never faults.
/// </remarks>
internal static class Arm64Instruction
{
    /// <summary>True for a write, false for a read; null for an instruction that does neither, or both at two addresses.</summary>
    /// <param name="word">The instruction.</param>
    public static bool? Writes(uint word)
    {
        if ((word & 0x0A00_0000) != 0x0800_0000)
        {
            // Neither a load nor a store. DC ZVA, GVA and GZVA clear a line or its tags.
            return (word & 0xFFFF_FFE0) is 0xD50B_7420 or 0xD50B_7460 or 0xD50B_7480 ? true : null;
        }

        return ((word >> 27) & 7, (word >> 24) & 7) switch
        {
            // Exclusive and ordered loads and stores; compare and swap.
            (1, 0) => IsCompareAndSwap(word) || !Bit(word, 22),

            // Loads and stores of several vectors, or of their elements.
            (1, 4 or 5) => !Bit(word, 22),

            // Loads at a distance from the instruction.
            (3, 0 or 4) => false,

            // Ordered with an offset, or copies and sets of memory; and the same for vectors.
            (3, 1) => OfOrderedOrBlock(word),
            (3, 5) => Stores(word),

            // Pairs of registers.
            (5, _) => !Bit(word, 22),

            // One register.
            (7, _) => OfRegister(word),

            _ => null,
        };
    }

    private static bool IsCompareAndSwap(uint word) => Bit(word, 21) && (Bit(word, 23) || word >> 30 < 2);

    private static bool? OfOrderedOrBlock(uint word) => (word & 0x0020_0C00) switch
    {
        0x0000 => !Bit(word, 23) && !Bit(word, 22),
        0x0400 => Bit(word, 23) && Bit(word, 22) ? true : null,
        _ => null,
    };

    private static bool OfRegister(uint word)
    {
        bool hasImmediate = Bit(word, 24) || !Bit(word, 21);
        return hasImmediate || (word & 0x0C00) == 0x0800 ? Stores(word)
            : (word & 0x0C00) == 0 && !IsOrderedLoad(word);
    }

    /// <remarks>For vectors, the upper of the two bits means 128 bits. For other registers it means that the loaded number has a sign.</remarks>
    private static bool Stores(uint word) => !Bit(word, 22) && (Bit(word, 26) || !Bit(word, 23));

    /// <summary>LDAPR, which is encoded among the atomic operations; and LD64B.</summary>
    private static bool IsOrderedLoad(uint word) => (word & 0x3FFF_FC00) is 0x38BF_C000 or 0x383F_D000;

    private static bool Bit(uint word, int number) => ((word >> number) & 1) != 0;
}
