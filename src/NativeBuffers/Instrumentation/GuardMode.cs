namespace NativeBuffers;

/// <summary>How blocks are guarded against use beyond their bounds and after their end: see <see cref="NativeAllocatorGuards.extension(NativeAllocator).WithGuards"/>.</summary>
public enum GuardMode
{
    /// <summary>Not at all, at no cost.</summary>
    Off,

    /// <summary>Red zones, fills and a quarantine, looked at when a block is given back and before it is used again.</summary>
    Checked,

    /// <summary>Each block ends at a page that cannot be touched, and a freed one is such pages: the process ends on the spot.</summary>
    Pages,

    /// <summary>As <see cref="Pages"/>, for samples of the blocks, by bytes or by number: cheap enough for production.</summary>
    Sampled,
}
