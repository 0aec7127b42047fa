using System.Runtime.Versioning;

namespace NativeBuffers.Tests.Regions;

/// <summary><c>MappedFile.Create</c> finds a file at its path.</summary>
[UnsupportedOSPlatform("windows")]
[Slow]
public sealed class ReplacedFileTests : IDisposable
{
    private const UnixFileMode Mode0640 = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;

    private readonly TemporaryFolder _folder = new();

    public ReplacedFileTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "The calls that make such files are Linux's.");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Its_owner_group_and_permissions_are_the_new_files()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root gives files away.");
        string path = _folder.FileOf([1, 2, 3]);
        File.SetUnixFileMode(path, Mode0640);
        SystemSetup.GiveAway(path, SystemSetup.Nobody);
        using var old = MappedFile<byte>.OpenRead(path);
        MappedFile<byte>.Create(path, 10).Dispose();
        Assert.Equal((SystemSetup.Nobody, SystemSetup.Nobody), SystemSetup.OwnerOf(path));
        Assert.Equal(Mode0640, File.GetUnixFileMode(path));
        Assert.Equal(new byte[10], File.ReadAllBytes(path));
        using ReadOnlyBorrow<byte> borrow = old.BorrowReadOnly();
        Assert.Equal([1, 2, 3], borrow.Span.ToArray());
        AssertAlone(path);

        // One that replaces nothing is like any new file.
        MappedFile<byte>.Create(_folder.File("new"), 10).Dispose();
        File.Create(_folder.File("plain")).Dispose();
        Assert.Equal(File.GetUnixFileMode(_folder.File("plain")), File.GetUnixFileMode(_folder.File("new")));
        Assert.Equal(SystemSetup.OwnerOf(_folder.File("plain")), SystemSetup.OwnerOf(_folder.File("new")));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(3_000_000)]
    public void Its_other_names_stay_its_names(int length)
    {
        string path = _folder.FileOf([1, 2, 3]);
        SystemSetup.GiveSecondName(path, _folder.File("second"));
        using (var file = MappedFile<byte>.Create(path, length))
        {
            using Borrow<byte> borrow = file.Borrow();
            Assert.Equal(-1, borrow.Span.IndexOfAnyExcept((byte)0));
            borrow[length - 1] = 7;
        }

        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(_folder.File("second")));
        Assert.Equal((7, length), (File.ReadAllBytes(path)[^1], (int)new FileInfo(path).Length));
        AssertAlone(path, _folder.File("second"));
    }

    [Fact]
    public void A_long_old_file_becomes_zeros_where_it_is()
    {
        byte[] content = new byte[2_500_000];
        content.AsSpan().Fill(1);
        string path = _folder.FileOf(content);
        SystemSetup.GiveSecondName(path, _folder.File("second"));
        using var old = MappedFile<byte>.OpenRead(path);
        MappedFile<byte>.Create(path, 2_200_000).Dispose();
        Assert.Equal(new byte[2_200_000], File.ReadAllBytes(_folder.File("second")));
        Assert.Throws<EndOfStreamException>(() => old.BorrowReadOnly().Dispose());
    }

    [Fact]
    public void Its_extended_attributes_stay()
    {
        string path = _folder.FileOf([1, 2, 3]);
        Assert.SkipUnless(SystemSetup.TryMark(path), "This file system has no attributes.");
        MappedFile<byte>.Create(path, 5).Dispose();
        Assert.Equal((3, 5), (SystemSetup.MarkLength(path), (int)new FileInfo(path).Length));
    }

    [Fact]
    public void A_file_that_is_mounted_is_written_itself()
    {
        string source = _folder.FileOf([1, 2, 3], "source");
        string path = _folder.FileOf([]);
        Assert.SkipUnless(SystemSetup.TryMountOver(source, path), "This process may not mount.");
        try
        {
            MappedFile<byte>.Create(path, 5).Dispose();
            Assert.Equal(new byte[5], File.ReadAllBytes(source));
            AssertAlone(source, path);
        }
        finally
        {
            SystemSetup.Unmount(path);
        }
    }

    [Fact]
    public void In_a_folder_that_cannot_be_written_the_file_itself_is()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root has another user at hand.");
        string path = _folder.FileOf([1, 2, 3]);
        File.SetUnixFileMode(path, (UnixFileMode)0b110_110_110);
        File.SetUnixFileMode(Path.GetDirectoryName(path)!, (UnixFileMode)0b111_101_101);
        OtherUser.Run(() => MappedFile<byte>.Create(path, 5).Dispose());
        Assert.Equal(new byte[5], File.ReadAllBytes(path));
        Assert.Equal((0u, 0u), SystemSetup.OwnerOf(path));
        string missing = _folder.File("missing");
        OtherUser.Run(() => Assert.Contains(missing, Assert.Throws<UnauthorizedAccessException>(() => MappedFile<byte>.Create(missing, 5)).Message));
    }

    [Fact]
    public void A_file_that_may_not_be_written_is_not_replaced_either()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root has another user at hand.");
        string path = _folder.FileOf([1, 2, 3]);
        File.SetUnixFileMode(path, (UnixFileMode)0b100_100_100);
        File.SetUnixFileMode(Path.GetDirectoryName(path)!, (UnixFileMode)0b111_111_111);
        OtherUser.Run(() => Assert.Contains(path, Assert.Throws<UnauthorizedAccessException>(() => MappedFile<byte>.Create(path, 5)).Message));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        AssertAlone(path);
    }

    [Theory]
    [InlineData(223)]
    [InlineData(255)]
    public void A_name_may_be_as_long_as_the_file_system_allows(int length)
    {
        string path = _folder.File(new string('n', length));
        for (int i = 1; i < 3; i++)
        {
            MappedFile<byte>.Create(path, i).Dispose();
            Assert.Equal(i, new FileInfo(path).Length);
        }

        AssertAlone(path);
        string tooLong = _folder.File(new string('n', 256));
        Assert.Contains(tooLong, Assert.ThrowsAny<IOException>(() => MappedFile<byte>.Create(tooLong, 1)).Message);
    }

    [Fact]
    public void Errors_name_the_path_that_was_given()
    {
        string path = _folder.FileOf([1, 2, 3]);
        foreach (string given in new[] { path, _folder.File("new") })
        {
            string message = Assert.Throws<IOException>(() => MappedFile<byte>.Create(given, 1L << 60)).Message;
            Assert.StartsWith(given + " ", message);
        }

        AssertAlone(path);
    }

    [Fact]
    public void A_link_leads_to_the_file_and_to_all_its_names_or_to_a_new_one()
    {
        string target = _folder.FileOf([1, 2, 3], "target");
        string second = _folder.File("second");
        SystemSetup.GiveSecondName(target, second);
        string link = _folder.File("link");
        string nowhere = _folder.File("nowhere");
        File.CreateSymbolicLink(link, target);
        File.CreateSymbolicLink(nowhere, _folder.File("new"));
        MappedFile<byte>.Create(link, 5).Dispose();
        MappedFile<byte>.Create(nowhere, 6).Dispose();
        Assert.Equal((5, 5, 6), (new FileInfo(target).Length, new FileInfo(second).Length, new FileInfo(_folder.File("new")).Length));
        Assert.Equal((target, _folder.File("new")), (new FileInfo(link).LinkTarget, new FileInfo(nowhere).LinkTarget));
        AssertAlone(target, second, link, nowhere, _folder.File("new"));
    }

    [Fact]
    public void Paths_that_utf_8_cannot_carry_are_refused()
    {
        foreach (string name in new[] { "a\uD800", "\uDFFFb", "a\uDC00\uD800b", "a\0b" })
        {
            string path = _folder.File() + name;
            Assert.Throws<ArgumentException>(() => MappedFile<byte>.Create(path, 1));
            Assert.Throws<ArgumentException>(() => MappedFile<byte>.Open(path));
            Assert.Throws<ArgumentException>(() => MappedFile<byte>.OpenRead(path));
        }

        Assert.Contains("U+D800 at index", Assert.Throws<ArgumentException>(() => MappedFile<byte>.Open("\uD800")).Message);
        MappedFile<byte>.Create(_folder.File("\U0001F600"), 1).Dispose();
    }

    private void AssertAlone(params string[] paths) =>
        Assert.Equal(paths.Order(StringComparer.Ordinal), Directory.GetFiles(Path.GetDirectoryName(_folder.File())!).Order(StringComparer.Ordinal));
}
