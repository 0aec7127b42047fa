namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>The live blocks of the whole process, or of a leak scope.</summary>
internal abstract class BlockTracker(int shardCount)
{
    public LiveBlocks Blocks { get; } = new(shardCount);

    /// <summary>True if it adds blocks no longer. It still removes a block that is freed.</summary>
    public bool HasEnded { get; protected set; }

    /// <summary>The number of the <see cref="CallStack"/> of the allocation in progress; 0 if this tracker does not ask for it.</summary>
    public abstract int CaptureStack();

    /// <summary>Adds to the sum of live bytes.</summary>
    public virtual void Count(long byteCount)
    {
    }

    /// <summary>Notes the block of an owner that was not disposed. Does not throw.</summary>
    public abstract void NoteAbandoned(in LiveBlocks.Record record);
}
