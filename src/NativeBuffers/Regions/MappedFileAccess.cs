namespace NativeBuffers;

/// <summary>How a mapped file will be read: a hint for what the system reads ahead.</summary>
public enum MappedFileAccess
{
    /// <summary>No one way.</summary>
    Any,

    /// <summary>From front to end.</summary>
    Sequential,

    /// <summary>Here and there: reading ahead would be in vain.</summary>
    Random,
}
