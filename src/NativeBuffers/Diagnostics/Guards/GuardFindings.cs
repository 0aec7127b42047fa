using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Describes the violations of guarded blocks: in the process, and in the reader of its report.</summary>
internal static class GuardFindings
{
    /// <summary>Slack around a block was written to.</summary>
    public static NativeMemoryViolation Written(in GuardedBlock block, NativeMemoryViolationKind kind, string when) =>
        Of(block, kind, $"Write {(kind == NativeMemoryViolationKind.Overflow ? "past" : "before")} {Block(block)} allocated at {block.AllocatedAt}: {when}.");

    public static NativeMemoryViolation FreedTwice(in GuardedBlock block, AllocationSite again) =>
        Of(block, NativeMemoryViolationKind.DoubleFree, $"Second free, at {again}, of {Block(block)} {Freed(block)}, allocated at {block.AllocatedAt}.");

    /// <summary>A block was given to an allocator that it did not come from.</summary>
    public static NativeMemoryViolation FreedElsewhere(in GuardedBlock block, string allocator, AllocationSite at) =>
        Of(
            block,
            NativeMemoryViolationKind.WrongAllocator,
            $"{Block(block, capital: true)} of {block.Allocator}, allocated at {block.AllocatedAt}, was given to {allocator} at {at}.",
            at.ToString());

    public static NativeMemoryViolation WrongSize(in GuardedBlock block, nuint byteCount, AllocationSite at) =>
        Of(
            block,
            NativeMemoryViolationKind.WrongSize,
            $"{Block(block, capital: true)} allocated at {block.AllocatedAt} was freed or resized at {at} as one of {byteCount} bytes.",
            at.ToString());

    /// <summary>An address was freed that no block has.</summary>
    public static NativeMemoryViolation Unknown(nuint address, nuint byteCount, string allocator, AllocationSite at) =>
        new(
            NativeMemoryViolationKind.WrongAllocator, address, (long)byteCount, AllocationSite.Unknown.ToString(), at.ToString(),
            $"{allocator} was given 0x{address:x} at {at}, which it has not given out, or which was freed long ago.");

    /// <summary>An address in the range of a guarded block was touched; null if it is one of a live block's own bytes.</summary>
    /// <param name="block">The block.</param>
    /// <param name="address">The address.</param>
    /// <param name="isWrite">True for a write, false for a read, null if unknown.</param>
    public static NativeMemoryViolation? Touched(in GuardedBlock block, ulong address, bool? isWrite)
    {
        bool isFreed = block.State == GuardedBlock.Use.Freed;
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
            kind, (nuint)block.Start, (long)block.ByteCount, block.AllocatedAt.ToString(), isFreed ? block.FreedAt.ToString() : string.Empty,
            $"{verb} {where} {Block(block)} {history}.");
    }

    private static NativeMemoryViolation Of(in GuardedBlock block, NativeMemoryViolationKind kind, string message, string? freedAt = null) =>
        new(kind, (nuint)block.Start, (long)block.ByteCount, block.AllocatedAt.ToString(), freedAt ?? block.FreedAt.ToString(), message);

    /// <remarks>With the right article: an 8-byte block, an 11-byte, an 18-byte, an 80-byte block.</remarks>
    private static string Block(in GuardedBlock block, bool capital = false)
    {
        string number = block.ByteCount.ToString(CultureInfo.InvariantCulture);
        bool isVowel = number[0] == '8' || (number.Length % 3 == 2 && number[..2] is ("11" or "18"));
        return $"{(capital ? "A" : "a")}{(isVowel ? "n" : "")} {number}-byte block";
    }

    /// <remarks>A text in parentheses is not a line: it says how the block was freed.</remarks>
    private static string Freed(in GuardedBlock block) =>
        block.FreedAt.ToString() is ['(', .. string how, ')'] && how != "unknown" ? $"that was {how}" : $"that was freed at {block.FreedAt}";

    private static string Bytes(ulong count) => count == 1 ? "1 byte" : $"{count} bytes";
}
