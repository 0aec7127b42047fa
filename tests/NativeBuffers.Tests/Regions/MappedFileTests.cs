using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Regions;

/// <summary>A file as memory.</summary>
[CorrectProgram]
public sealed class MappedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_contents_of_a_file_are_read_from_memory()
    {
        string path = _folder.FileOf(MemoryMarshal.AsBytes<int>([1, 2, 3]));
        using var file = MappedFile<int>.OpenRead(path);
        Assert.Equal((3, path, false, false), (file.Length, file.Path, file.CanWrite, file.IsDisposed));
        using ReadOnlyBorrow<int> borrow = file.BorrowReadOnly();
        Assert.Equal([1, 2, 3], borrow.Span.ToArray());
        Assert.Equal(3, borrow[^1]);
    }

    [Fact]
    public void Elements_written_to_memory_are_in_the_file()
    {
        string path = _folder.FileOf(new byte[8]);
        using (var file = MappedFile<short>.Open(path))
        {
            Assert.True(file.CanWrite);
            using Borrow<short> borrow = file.Borrow();
            borrow[3] = 0x0102;
            Assert.Equal([0, 0, 0, 0, 0, 0, 2, 1], File.ReadAllBytes(path));
            using ReadOnlyBorrow<short> reader = file.BorrowReadOnly();
            Assert.Equal(0x0102, reader[3]);
        }

        Assert.Equal([0, 0, 0, 0, 0, 0, 2, 1], File.ReadAllBytes(path));
    }

    [Fact]
    public void A_file_that_is_replaced_keeps_its_rights()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has other permissions.");
            return;
        }

        string path = _folder.FileOf([1]);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        MappedFile<byte>.Create(path, 10).Dispose();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public void Two_mappings_of_a_file_see_the_same_bytes()
    {
        string path = _folder.FileOf(new byte[100]);
        using var first = MappedFile<byte>.Open(path);
        using var second = MappedFile<byte>.OpenRead(path);
        using Borrow<byte> writer = first.Borrow();
        using ReadOnlyBorrow<byte> reader = second.BorrowReadOnly();
        writer[50] = 7;
        Assert.Equal(7, reader[50]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(100_000)]
    public void A_created_file_is_zero_and_has_its_length(int length)
    {
        string path = _folder.File();
        using var file = MappedFile<double>.Create(path, length);
        Assert.Equal(length, file.Length);
        Assert.Equal(length * 8, new FileInfo(path).Length);
        using Borrow<double> borrow = file.Borrow();
        Assert.Equal(-1, borrow.Span.IndexOfAnyExcept(0));
        borrow.Span.Fill(1);
        Assert.Equal(length, MemoryMarshal.Cast<byte, double>(File.ReadAllBytes(path)).Count(1.0));
    }

    [Fact]
    public void A_file_that_is_replaced_stays_for_its_open_users()
    {
        string path = _folder.FileOf([1, 2, 3]);
        using var old = MappedFile<byte>.Open(path);
        using (var replaced = MappedFile<byte>.Create(path, 5))
        {
            using ReadOnlyBorrow<byte> borrow = old.BorrowReadOnly();
            Assert.Equal([1, 2, 3], borrow.Span.ToArray());
            Assert.Equal(path, replaced.Path);
        }

        Assert.Equal(new byte[5], File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void A_link_leads_to_the_file_that_is_replaced()
    {
        string path = _folder.FileOf([1, 2, 3]);
        string link = _folder.File("link");
        File.CreateSymbolicLink(link, path);
        MappedFile<byte>.Create(link, 5).Dispose();
        Assert.Equal(path, new FileInfo(link).LinkTarget);
        Assert.Equal(new byte[5], File.ReadAllBytes(path));
    }

    [Fact]
    public void A_file_that_the_disk_has_no_room_for_is_not_created_and_the_old_one_stays()
    {
        string path = _folder.FileOf([1, 2, 3]);
        Assert.Throws<IOException>(() => MappedFile<byte>.Create(path, 1L << 60));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Equal(path, Assert.Single(Directory.GetFiles(Path.GetDirectoryName(path)!)));
        AssertClosed(path);
    }

    [Fact]
    public void A_mapping_for_reading_is_not_written()
    {
        string path = _folder.FileOf([1, 2, 3]);
        using var file = MappedFile<byte>.OpenRead(path);
        Assert.Contains(path, Assert.Throws<NotSupportedException>(() => file.Borrow().Dispose()).Message);
        Assert.Throws<NotSupportedException>(() => file.Resize(5));
        using UnmanagedMemoryStream stream = file.AsStream();
        Assert.Equal((true, false), (stream.CanRead, stream.CanWrite));
        file.Flush();
    }

    [Fact]
    public void Flush_takes_all_or_a_part_and_refuses_a_range_outside()
    {
        using var file = MappedFile<int>.Create(_folder.File(), 10_000);
        Fill(file, 3);
        file.Flush();
        file.Flush(0, 0);
        file.Flush(5000, 5000);
        file.Flush(9999, 1);
        file.Flush(10_000, 0);
        foreach ((long start, long length) in new[] { (-1L, 1L), (0, -1), (10_001, 0), (9_999, 2), (long.MaxValue, long.MaxValue) })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => file.Flush(start, length));
        }

        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Flush());
        Assert.Throws<ObjectDisposedException>(() => file.Flush(0, 0));
    }

    [Fact]
    public void A_file_beyond_2_GiB_is_reached_at_both_ends_and_grows()
    {
        const long length = (1L << 31) + 5;
        string path = _folder.FileOf([]);
        using (FileStream sparse = File.OpenWrite(path))
        {
            sparse.SetLength(length * 2);
        }

        using var file = MappedFile<short>.Open(path);
        Assert.Equal(length, file.Length);
        using (Borrow<short> borrow = file.Borrow())
        {
            borrow[0] = 1;
            borrow[length - 1] = 2;
        }

        file.Flush(length - 1, 1);
        file.Resize(length + 100);
        using (ReadOnlyBorrow<short> borrow = file.BorrowReadOnly())
        {
            Assert.Equal((1, 2, 0), (borrow[0L], borrow[length - 1], borrow[length + 99]));
        }

        using UnmanagedMemoryStream stream = file.AsStream();
        stream.Position = (length - 1) * 2;
        Assert.Equal((2, (length + 100) * 2), (stream.ReadByte(), stream.Length));
    }

    [Fact]
    public void A_length_that_is_no_whole_number_of_elements_is_named()
    {
        string path = _folder.FileOf(new byte[1002]);
        string message = Assert.Throws<InvalidDataException>(() => MappedFile<long>.OpenRead(path)).Message;
        Assert.Contains("1,002", message);
        Assert.Contains(" 8 ", message);
        AssertClosed(path);
    }

    [Fact]
    public void Paths_that_lead_to_no_file_have_different_exceptions()
    {
        string folder = Path.GetDirectoryName(_folder.File())!;
        Assert.Throws<FileNotFoundException>(() => MappedFile<byte>.OpenRead(_folder.File("missing")));
        Assert.Throws<FileNotFoundException>(() => MappedFile<byte>.Open(_folder.File("missing")));
        Assert.Throws<DirectoryNotFoundException>(() => MappedFile<byte>.OpenRead(_folder.File("no/file")));
        Assert.Throws<DirectoryNotFoundException>(() => MappedFile<byte>.Create(_folder.File("no/file"), 1));
        foreach (Action open
            in new Action[] { () => MappedFile<byte>.OpenRead(folder), () => MappedFile<byte>.Open(folder), () => MappedFile<byte>.Create(folder, 1) })
        {
            Assert.Contains("folder", Assert.Throws<UnauthorizedAccessException>(open).Message);
        }

        Assert.Throws<ArgumentNullException>(() => MappedFile<byte>.OpenRead(null!));
        Assert.Throws<ArgumentException>(() => MappedFile<byte>.OpenRead(""));
        Assert.Throws<ArgumentException>(() => MappedFile<byte>.Create("", 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => MappedFile<byte>.Create(_folder.File(), -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => MappedFile<long>.Create(_folder.File(), long.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => MappedFile<byte>.OpenRead(_folder.FileOf([1]), (MappedFileAccess)2));
    }

    [Fact]
    public void A_path_that_is_no_file_is_refused_without_waiting()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux has them at these places.");
        foreach (string path in new[] { "/dev/zero", "/dev/null" })
        {
            Assert.Contains(path, Assert.Throws<NotSupportedException>(() => MappedFile<byte>.OpenRead(path)).Message);
            Assert.Throws<NotSupportedException>(() => MappedFile<byte>.Create(path, 1));
        }

        Assert.Contains("no length", Assert.Throws<NotSupportedException>(() => MappedFile<byte>.OpenRead("/proc/self/status")).Message);
    }

    [Fact]
    public void A_file_of_another_user_is_not_opened()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "There a thread has a user of its own.");
        string path = _folder.FileOf([1, 2, 3]);
        SetMode(UnixFileMode.None);
        OtherUser.Run(() =>
        {
            Assert.Throws<UnauthorizedAccessException>(() => MappedFile<byte>.OpenRead(path));
            Assert.Throws<UnauthorizedAccessException>(() => MappedFile<byte>.Open(path));
            Assert.Throws<UnauthorizedAccessException>(() => MappedFile<byte>.Create(path, 1));
        });
        SetMode(UnixFileMode.UserRead);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));

        void SetMode(UnixFileMode mode)
        {
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, mode);
            }
        }
    }

    [Theory]
    [InlineData(MappedFileAccess.Any)]
    [InlineData(MappedFileAccess.Sequential)]
    public void A_hint_changes_nothing_that_is_read(MappedFileAccess access)
    {
        string path = _folder.FileOf(Enumerable.Range(0, 100_000).Select(i => (byte)i).ToArray());
        using var file = MappedFile<byte>.Open(path, access);
        file.Resize(200_000);
        using ReadOnlyBorrow<byte> borrow = file.BorrowReadOnly();
        Assert.Equal(File.ReadAllBytes(path), borrow.Span.ToArray());
    }

    internal static void AssertClosed(string path)
    {
        if (OperatingSystem.IsLinux())
        {
            Assert.Equal((0, 0), (OpenFiles.DescriptorsOf(path), OpenFiles.MappingsOf(path)));
        }
    }

    internal static void Fill<T>(MappedFile<T> file, T value)
        where T : unmanaged
    {
        using Borrow<T> borrow = file.Borrow();
        borrow.Span.Fill(value);
    }
}
