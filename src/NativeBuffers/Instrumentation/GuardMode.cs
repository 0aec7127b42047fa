namespace NativeBuffers;

/// <summary>How blocks are guarded against use outside their bounds and after their free.</summary>
/// <remarks>See <see cref="NativeAllocatorGuards.extension(NativeAllocator).WithGuards"/>.</remarks>
public enum GuardMode
{
    /// <summary>No guards, at no cost.</summary>
    Off,

    /// <summary>Red zones, fill patterns and a quarantine. They are checked when a block is freed, and before it is used again.</summary>
    Checked,

    /// <summary>
    /// Each block ends at a page that no access may touch, and the pages of a freed block become such pages. A wrong use ends the process
    /// at once.
    /// </summary>
    Pages,

    /// <summary><see cref="Pages"/> for samples of the blocks, by bytes or by number: cheap enough for production.</summary>
    Sampled,
}
