namespace NativeBuffers;

/// <summary>The order in which a mapped file will be read: a hint for the system, which reads ahead.</summary>
public enum MappedFileAccess
{
    /// <summary>No particular order.</summary>
    Any,

    /// <summary>From front to end: the system reads further ahead.</summary>
    /// <remarks>Measured on a file of 138 MB that was not in memory: 85 to 290 ms, and 300 to 470 without the hint.</remarks>
    Sequential,
}
