namespace NativeBuffers.Violations;

/// <summary>Does nothing wrong, in a current folder that was deleted.</summary>
public sealed class FolderGone : Scenario
{
    public override void Run(NativeAllocator allocator)
    {
        string folder = Directory.CreateTempSubdirectory("nativebuffers-gone-").FullName;
        Environment.CurrentDirectory = folder;
        Directory.Delete(folder);
        new Correct().Run(allocator);
    }
}
