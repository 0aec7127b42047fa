using NativeBuffers.Blocks.Cache;

namespace NativeBuffers.Blocks.Stats;

/// <summary>What loans are counted by: the size classes, and two more for blocks that no cache keeps.</summary>
internal static class LoanClasses
{
    /// <summary>Blocks above the largest size class.</summary>
    public const int Large = SizeClasses.Count;

    /// <summary>Blocks of allocators that the user chose, and what was adopted.</summary>
    public const int Foreign = SizeClasses.Count + 1;

    /// <summary>How many there are.</summary>
    public const int Count = SizeClasses.Count + 2;

    /// <summary>The class of a slot's block; while another thread changes it, any class.</summary>
    /// <safety>Slots are never unmapped.</safety>
    public static unsafe int Of(Slot* slot) => slot->Kind switch
    {
        SlotKind.Foreign => Foreign,
        SlotKind.Cached when (nuint)Volatile.Read(ref *(nint*)&slot->ByteCount) is var byteCount and <= SizeClasses.Largest => SizeClasses.Of(byteCount),
        _ => Large,
    };
}
