using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>What is said of a guarded block that was used wrongly: in the process, and by who reads its report.</summary>
internal static class GuardWords
{
    /// <summary>Slack around a block was written to.</summary>
    /// <safety>The record can be read.</safety>
    public static unsafe NativeMemoryViolation Written(GuardedBlock* block, NativeMemoryViolationKind kind, string when) =>
        Of(block, kind, $"Write {(kind == NativeMemoryViolationKind.Overflow ? "past" : "before")} {Block(*block)} allocated at {block->AllocatedAt}: {when}.");

    /// <summary>A block was given back twice.</summary>
    /// <safety>The record can be read.</safety>
    public static unsafe NativeMemoryViolation FreedTwice(GuardedBlock* block, AllocationSite again) =>
        Of(block, NativeMemoryViolationKind.DoubleFree, $"Second free, at {again}, of {Block(*block)} {Freed(*block)}, allocated at {block->AllocatedAt}.");

    /// <summary>A block was given to an allocator that it did not come from.</summary>
    /// <safety>The record can be read.</safety>
    public static unsafe NativeMemoryViolation FreedElsewhere(GuardedBlock* block, string allocator, AllocationSite at) =>
        Of(block, NativeMemoryViolationKind.WrongAllocator, $"{Block(*block, capital: true)} of {block->Allocator}, allocated at {block->AllocatedAt}, was given to {allocator} at {at}.", at.ToString());

    /// <summary>A block was given back or resized with another size than it has.</summary>
    /// <safety>The record can be read.</safety>
    public static unsafe NativeMemoryViolation WrongSize(GuardedBlock* block, nuint byteCount, AllocationSite at) =>
        Of(block, NativeMemoryViolationKind.WrongSize, $"{Block(*block, capital: true)} allocated at {block->AllocatedAt} was given back or resized at {at} as one of {byteCount} bytes.", at.ToString());

    /// <summary>An address was given back that no block has.</summary>
    /// <safety>No pointer is followed.</safety>
    public static unsafe NativeMemoryViolation Unknown(void* address, nuint byteCount, string allocator, AllocationSite at) =>
        new(
            NativeMemoryViolationKind.WrongAllocator,
            (nuint)address,
            (long)byteCount,
            AllocationSite.Unknown.ToString(),
            at.ToString(),
            $"{allocator} was given 0x{(nuint)address:x} at {at}, which it has not given out, or has forgotten since it was freed.");

    /// <summary>An address was touched that is a guarded block's, or near one; null if it is one of a live block's own bytes.</summary>
    /// <param name="block">The block.</param>
    /// <param name="address">The address.</param>
    /// <param name="isWrite">Null if unknown.</param>
    public static NativeMemoryViolation? Touched(in GuardedBlock block, ulong address, bool? isWrite)
    {
        bool isFreed = block.State == GuardedBlockState.Freed;
        if (!isFreed && address >= block.Start && address < block.End)
        {
            return null;
        }

        string verb = isWrite switch { true => "Write", false => "Read", null => "Access" };
        ulong distance = block.DistanceTo(address);
        string where = address < block.Start ? $"{Bytes(distance)} before"
            : address >= block.End ? $"{Bytes(distance)} past"
            : $"at byte {address - block.Start} of";
        NativeMemoryViolationKind kind = (isFreed, address < block.Start, isWrite) switch
        {
            (true, _, true) => NativeMemoryViolationKind.WriteAfterFree,
            (true, _, _) => NativeMemoryViolationKind.ReadAfterFree,
            (false, true, _) => NativeMemoryViolationKind.Underflow,
            _ => NativeMemoryViolationKind.Overflow,
        };
        string history = isFreed ? $"{Freed(block)}, allocated at {block.AllocatedAt}" : $"allocated at {block.AllocatedAt}";
        return new NativeMemoryViolation(
            kind,
            (nuint)block.Start,
            (long)block.ByteCount,
            block.AllocatedAt.ToString(),
            isFreed ? block.FreedAt.ToString() : string.Empty,
            $"{verb} {where} {Block(block)} {history}.");
    }

    private static unsafe NativeMemoryViolation Of(GuardedBlock* block, NativeMemoryViolationKind kind, string message, string? freedAt = null) =>
        new(
            kind,
            (nuint)block->Start,
            (long)block->ByteCount,
            block->AllocatedAt.ToString(),
            freedAt ?? block->FreedAt.ToString(),
            message);

    /// <remarks>As one says it: an 8-byte block, an 11-byte, an 18-byte, an 80-byte block.</remarks>
    private static string Block(in GuardedBlock block, bool capital = false)
    {
        string number = block.ByteCount.ToString(System.Globalization.CultureInfo.InvariantCulture);
        bool isVowel = number[0] == '8' || (number.Length % 3 == 2 && number[..2] is ("11" or "18"));
        return $"{(capital ? "A" : "a")}{(isVowel ? "n" : "")} {number}-byte block";
    }

    /// <remarks>Where no line is known, it is said what happened: in parentheses.</remarks>
    private static string Freed(in GuardedBlock block) =>
        block.FreedAt.ToString() is ['(', .. string what, ')'] && what != "unknown" ? $"that was {what}" : $"that was freed at {block.FreedAt}";

    private static string Bytes(ulong count) => count == 1 ? "1 byte" : $"{count} bytes";
}
