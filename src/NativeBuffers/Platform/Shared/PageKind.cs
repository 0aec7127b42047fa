namespace NativeBuffers.Platform.Shared;

/// <summary>The kind of a reservation's pages, with the numbers of <c>HugePages</c>, in the order of their size.</summary>
internal enum PageKind
{
    /// <summary>The system's pages.</summary>
    Ordinary,

    /// <summary>Ordinary pages. If enough of them are committed together, the system may use a huge page instead.</summary>
    Transparent,

    /// <summary>Huge pages from the administrator's pool.</summary>
    Explicit,
}
