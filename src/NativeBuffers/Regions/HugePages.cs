namespace NativeBuffers;

/// <summary>Whether a region's pages should be large ones: fewer of them are quicker to find for the processor.</summary>
public enum HugePages
{
    /// <summary>The system's ordinary pages.</summary>
    None,

    /// <summary>Ordinary pages, of which the system makes huge ones where enough of them are committed side by side.</summary>
    Transparent,

    /// <summary>Pages from the pool that the administrator has set aside. All of the region is taken from it when reserved.</summary>
    Explicit,
}
