namespace NativeBuffers;

/// <summary>The access that committed pages allow.</summary>
public enum PageAccess
{
    /// <summary>None; the pages keep their contents.</summary>
    None,

    /// <summary>Reading.</summary>
    Read,

    /// <summary>Reading and writing.</summary>
    ReadWrite,
}
