namespace NativeBuffers;

/// <summary>The size of a region's pages. The processor finds a few large pages faster than many small ones.</summary>
public enum HugePages
{
    /// <summary>The system's ordinary pages.</summary>
    None,

    /// <summary>Ordinary pages. The system makes huge ones of them where enough of them are committed side by side.</summary>
    Transparent,

    /// <summary>Pages from the administrator's pool. The reservation takes all pages of the region from the pool.</summary>
    Explicit,
}
