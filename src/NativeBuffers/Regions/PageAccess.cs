namespace NativeBuffers;

/// <summary>What may be done with committed pages.</summary>
public enum PageAccess
{
    /// <summary>Nothing; their contents are kept.</summary>
    None,

    /// <summary>Reading.</summary>
    Read,

    /// <summary>Reading and writing.</summary>
    ReadWrite,
}
