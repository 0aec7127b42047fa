namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>The kind of a visit: the runs that a visitor takes from a thread, after it has collected the blocks that other threads have freed.</summary>
internal enum RunVisit
{
    /// <summary>Runs without used blocks that other threads have freed last.</summary>
    Collect,

    /// <summary>The runs with free blocks, if the thread has not used the runs of their class since the last visit.</summary>
    Idle,

    /// <summary>The runs with free blocks.</summary>
    All,

    /// <summary>The runs with free blocks. The thread has ended, so its full runs have no owner, either.</summary>
    End,
}
