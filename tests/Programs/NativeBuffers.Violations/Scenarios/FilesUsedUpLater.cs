namespace NativeBuffers.Violations;

/// <summary>Does nothing wrong; when the library makes its metrics, a moment after the first block, no file can be opened.</summary>
public sealed class FilesUsedUpLater : FilesUsedUp
{
    public override void Run(NativeAllocator allocator)
    {
        Use(allocator);
        UseUp(static () => Thread.Sleep(500));
    }
}
