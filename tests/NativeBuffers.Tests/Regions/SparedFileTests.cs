using System.Runtime.Versioning;
using NativeBuffers.Os;

namespace NativeBuffers.Tests.Regions;

/// <summary><c>MappedFile.Create</c> over a file, when the system refuses something: nobody may read more than before, and nothing is lost that can be kept.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SparedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public SparedFileTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "The calls that make such files are Linux's.");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_access_list_that_the_folder_gives_to_new_files_does_not_open_the_old_one_to_more_users()
    {
        string path = _folder.FileOf([1, 2, 3]);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.SkipUnless(UnixCalls.TryLetNobodyReadNewFiles(Path.GetDirectoryName(path)!), "This file system has no access lists.");
        MappedFile<byte>.Create(path, 5).Dispose();
        Assert.Equal(new byte[5], File.ReadAllBytes(path));
        Assert.False(UnixCalls.HasAccessList(path));

        // One that replaces nothing is like any new file of the folder.
        MappedFile<byte>.Create(_folder.File("new"), 5).Dispose();
        Assert.True(UnixCalls.HasAccessList(_folder.File("new")));
    }

    [Fact]
    public void Where_there_is_no_room_for_a_new_file_the_old_one_stays_as_it_was()
    {
        string folder = _folder.File("small");
        Directory.CreateDirectory(folder);
        Assert.SkipUnless(UnixCalls.TryMountMemory(folder, "nr_inodes=2,size=1m"), "This process may not mount.");
        try
        {
            string path = Path.Combine(folder, "file");
            File.WriteAllBytes(path, [1, 2, 3]);
            using var old = MappedFile<byte>.OpenRead(path);
            Assert.Contains(path, Assert.Throws<IOException>(() => MappedFile<byte>.Create(path, 5)).Message);
            Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
            Assert.Equal(path, Assert.Single(Directory.GetFiles(folder)));
        }
        finally
        {
            UnixCalls.Unmount(folder);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void Where_there_is_no_memory_to_map_it_a_file_that_is_written_itself_stays_as_it_was(int length)
    {
        string path = _folder.FileOf([1, 2, 3]);
        UnixCalls.GiveSecondName(path, _folder.File("second"));
        Assert.Throws<OutOfMemoryException>(() => Supply.Test(static () => true, () => MappedFile<byte>.Create(path, length)));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
    }
}
