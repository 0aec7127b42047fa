namespace NativeBuffers.Diagnostics.Guards;

/// <summary>What a record of a report tells of.</summary>
internal enum GuardedBlockState
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A block in use.</summary>
    Live,

    /// <summary>A block that was given back, and whose pages cannot be touched.</summary>
    Freed,
}
