namespace NativeBuffers.Platform.Shared;

/// <summary>What a reservation's pages are like.</summary>
internal enum PageKind
{
    /// <summary>The system's pages.</summary>
    Ordinary,

    /// <summary>As these; but where enough of them lie together, the system may use a huge one instead.</summary>
    Transparent,

    /// <summary>Huge pages, which the administrator has set aside.</summary>
    Explicit,
}
