using System.Runtime.Versioning;
using System.Text;

namespace NativeBuffers.Tests.Regions;

/// <summary><c>MappedFile.Create</c> at a link: the file is the one that the system finds, and not one that looks so by its path.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ReplacedLinkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ReplacedLinkTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "The calls that make such links are Linux's.");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_link_out_of_a_folder_that_is_itself_a_link_leads_to_the_system_s_file()
    {
        // "../file" seen from far/inner is far/file. By its letters alone, seen from the link, it is file.
        string other = _folder.FileOf([1, 2, 3]);
        Directory.CreateDirectory(_folder.File("far/inner"));
        string right = _folder.FileOf([4, 5, 6], "far/file");
        File.CreateSymbolicLink(_folder.File("near"), _folder.File("far/inner"));
        File.CreateSymbolicLink(_folder.File("far/inner/link"), "../file");
        MappedFile<byte>.Create(_folder.File("near/link"), 5).Dispose();
        Assert.Equal([1, 2, 3], File.ReadAllBytes(other));
        Assert.Equal(new byte[5], File.ReadAllBytes(right));
        Assert.Equal("../file", new FileInfo(_folder.File("far/inner/link")).LinkTarget);

        // The same where there is no such file yet.
        File.Delete(right);
        MappedFile<byte>.Create(_folder.File("near/link"), 6).Dispose();
        Assert.Equal([1, 2, 3], File.ReadAllBytes(other));
        Assert.Equal(new byte[6], File.ReadAllBytes(right));
        Assert.Equal("../file", new FileInfo(_folder.File("far/inner/link")).LinkTarget);
    }

    [Fact]
    public void A_link_to_a_name_that_is_no_text_leads_to_the_file_of_that_name()
    {
        byte[] target = [.. Encoding.UTF8.GetBytes(_folder.File("broken-")), 0xFF, 0];
        Assert.SkipUnless(SystemSetup.TryLinkTo(target, _folder.File("link")), "This file system takes text only.");
        File.WriteAllBytes(_folder.File("link"), [1, 2, 3]);
        try
        {
            MappedFile<byte>.Create(_folder.File("link"), 5).Dispose();
            Assert.Equal(new byte[5], File.ReadAllBytes(_folder.File("link")));
            Assert.Equal(2, Directory.GetFiles(Path.GetDirectoryName(_folder.File())!).Length);
        }
        finally
        {
            SystemSetup.Remove(target);
        }
    }

    [Fact]
    public void A_path_to_an_open_file_without_a_name_leads_to_that_file()
    {
        string path = _folder.FileOf([1, 2, 3]);
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        File.Delete(path);
        MappedFile<byte>.Create($"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}", 5).Dispose();
        Assert.Equal(5, file.Length);
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void The_target_of_a_link_is_removed_again_if_the_disk_refuses()
    {
        File.CreateSymbolicLink(_folder.File("link"), _folder.File("new"));
        Assert.Throws<IOException>(() => MappedFile<byte>.Create(_folder.File("link"), 1L << 60));
        Assert.Equal(_folder.File("link"), Assert.Single(Directory.GetFiles(Path.GetDirectoryName(_folder.File())!)));
        Assert.Equal(_folder.File("new"), new FileInfo(_folder.File("link")).LinkTarget);

        File.CreateSymbolicLink(_folder.File("round"), _folder.File("round"));
        Assert.ThrowsAny<IOException>(() => MappedFile<byte>.Create(_folder.File("round"), 5));
    }
}
