using System.Runtime.Versioning;
using NativeBuffers.Primitives;

namespace NativeBuffers.Tests.Regions;

/// <summary><c>MappedFile.Create</c> over a file when the system refuses a call: no user may read more than before, and no data is lost.</summary>
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
        Assert.SkipUnless(SystemSetup.TryLetNobodyReadNewFiles(Path.GetDirectoryName(path)!), "This file system has no access lists.");
        MappedFile<byte>.Create(path, 5).Dispose();
        Assert.Equal(new byte[5], File.ReadAllBytes(path));
        Assert.False(SystemSetup.HasAccessList(path));

        // One that replaces nothing is like any new file of the folder.
        MappedFile<byte>.Create(_folder.File("new"), 5).Dispose();
        Assert.True(SystemSetup.HasAccessList(_folder.File("new")));
    }

    [Fact]
    public void Without_room_for_a_new_file_the_old_one_is_unchanged()
    {
        string folder = _folder.File("small");
        Directory.CreateDirectory(folder);
        Assert.SkipUnless(SystemSetup.TryMountMemory(folder, "nr_inodes=2,size=1m"), "This process may not mount.");
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
            SystemSetup.Unmount(folder);
        }
    }

    [Fact]
    public void Another_user_s_file_in_a_folder_for_all_is_guarded_as_from_other_programs_that_create()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root gives files away.");
        Assert.SkipWhen(File.ReadAllText("/proc/sys/fs/protected_regular").Trim() == "0", "This machine does not guard such files.");
        File.SetUnixFileMode(_folder.File(""), (UnixFileMode)0b1_111_111_111);
        string path = _folder.FileOf([1, 2, 3]);
        File.SetUnixFileMode(path, (UnixFileMode)0b110_110_110);
        SystemSetup.GiveAway(path, SystemSetup.Nobody);
        Assert.Throws<UnauthorizedAccessException>(() => MappedFile<byte>.Create(path, 5));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Equal(path, Assert.Single(Directory.GetFiles(_folder.File(""))));
    }

    [Fact]
    public void A_link_of_another_user_in_a_folder_for_all_is_not_followed_where_the_kernel_does_not()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root gives links away.");
        Assert.SkipWhen(File.ReadAllText("/proc/sys/fs/protected_symlinks").Trim() == "0", "This machine follows such links.");
        string path = _folder.FileOf([1, 2, 3]);
        string folder = _folder.File("shared");
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, (UnixFileMode)0b1_111_111_111);
        string link = Path.Combine(folder, "link");
        File.CreateSymbolicLink(link, path);
        SystemSetup.GiveLinkAway(link, SystemSetup.Nobody);
        Assert.Throws<UnauthorizedAccessException>(() => MappedFile<byte>.Create(link, 5));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void Without_memory_to_map_it_a_file_that_is_written_in_place_is_unchanged(int length)
    {
        string path = _folder.FileOf([1, 2, 3]);
        SystemSetup.GiveSecondName(path, _folder.File("second"));
        Assert.Throws<OutOfMemoryException>(() => FailPoint.Test(static () => true, () => MappedFile<byte>.Create(path, length)));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
    }
}
