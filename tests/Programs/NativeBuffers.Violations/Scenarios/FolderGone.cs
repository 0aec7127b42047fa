namespace NativeBuffers.Violations;

/// <summary>A correct program, whose current folder was deleted.</summary>
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
