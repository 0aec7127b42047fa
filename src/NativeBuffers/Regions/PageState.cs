namespace NativeBuffers.Regions;

/// <summary>What is known of a page of a region. Of one that is not committed, the rest says nothing.</summary>
internal readonly record struct PageState(bool IsCommitted, PageAccess Access, bool IsLocked)
{
    /// <summary>Addresses, and no memory.</summary>
    public static PageState Reserved => default;
}
