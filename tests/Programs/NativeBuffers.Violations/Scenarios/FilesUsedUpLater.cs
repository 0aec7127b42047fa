namespace NativeBuffers.Violations;

/// <summary>A correct program, which can open no file when the library makes its metrics, soon after the first block.</summary>
public sealed class FilesUsedUpLater : FilesUsedUp
{
    public override void Run(NativeAllocator allocator)
    {
        Use(allocator);
        UseUp(static () => Thread.Sleep(500));
    }
}
