using System.Globalization;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Regions;

/// <summary>A mapped file that becomes longer or shorter.</summary>
[Slow]
public sealed class MappedFileResizeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Growing_does_not_cut_an_extension_by_another_mapping()
    {
        string path = _folder.FileOf(new byte[4000]);
        using var first = MappedFile<int>.Open(path);
        using var second = MappedFile<int>.Open(path);
        first.Resize(5000);
        using (Borrow<int> borrow = first.Borrow())
        {
            borrow.Span.Fill(7);
            second.Resize(2000);
            Assert.Equal(7, borrow[4999]);
        }

        Assert.Equal(20_000, new FileInfo(path).Length);
        using (Borrow<int> borrow = second.Borrow())
        {
            Assert.Equal((2000, 7), (borrow.Length, borrow[1999]));
        }

        second.Resize(6000);
        using (Borrow<int> borrow = second.Borrow())
        {
            Assert.Equal((7, 0), (borrow[4999], borrow[5000]));
        }

        string empty = _folder.FileOf([]);
        using var third = MappedFile<byte>.Open(empty);
        File.WriteAllBytes(empty, [1, 2, 3]);
        third.Resize(2);
        using Borrow<byte> two = third.Borrow();
        Assert.Equal([1, 2], two.Span.ToArray());
        Assert.Equal(3, new FileInfo(empty).Length);
    }

    [Fact]
    public void An_empty_file_is_mapped_and_grows_and_becomes_empty_again()
    {
        string path = _folder.FileOf([]);
        using (var reader = MappedFile<long>.OpenRead(path))
        {
            using ReadOnlyBorrow<long> none = reader.BorrowReadOnly();
            Assert.True(none.Span.IsEmpty);
            using UnmanagedMemoryStream stream = reader.AsStream();
            Assert.Equal(-1, stream.ReadByte());
        }

        using var file = MappedFile<long>.Open(path);
        Assert.Equal(0, file.Length);
        file.Flush();
        file.Resize(0);
        file.Resize(3);
        MappedFileTests.Fill(file, 9);
        file.Resize(0);
        Assert.Equal((0, 0), (file.Length, new FileInfo(path).Length));
        file.Borrow().Dispose();
        file.Resize(2);
        using Borrow<long> borrow = file.Borrow();
        Assert.Equal([0, 0], borrow.Span.ToArray());
    }

    [Fact]
    public void Resized_contents_are_kept_and_new_elements_are_zero()
    {
        string path = _folder.FileOf([]);
        using var file = MappedFile<int>.Open(path);
        long previous = 0;
        foreach (int length in new[] { 10, 5, 1023, 1024, 1025, 1_000_000, 3, 50_000, 1 })
        {
            file.Resize(length);
            Assert.Equal((length, length * 4L), (file.Length, new FileInfo(path).Length));
            using (Borrow<int> borrow = file.Borrow())
            {
                int kept = (int)long.Min(previous, length);
                Assert.Equal(-1, borrow.Span[..kept].IndexOfAnyExcept(7));
                Assert.Equal(-1, borrow.Span[kept..].IndexOfAnyExcept(0));
            }

            MappedFileTests.Fill(file, 7);
            previous = length;
        }
    }

    [Fact]
    public void Growth_that_the_disk_refuses_leaves_file_and_memory_unchanged()
    {
        foreach (int length in new[] { 0, 10 })
        {
            string path = _folder.FileOf(new byte[length]);
            using var file = MappedFile<byte>.Open(path);
            MappedFileTests.Fill(file, (byte)7);
            Assert.Throws<IOException>(() => file.Resize(1L << 60));
            Assert.Throws<ArgumentOutOfRangeException>(() => file.Resize(-1));
            Assert.Equal((length, length), (file.Length, new FileInfo(path).Length));
            using ReadOnlyBorrow<byte> borrow = file.BorrowReadOnly();
            Assert.Equal(-1, borrow.Span.IndexOfAnyExcept((byte)7));
        }
    }

    [Fact]
    public void Growth_that_a_full_disk_refuses_leaves_file_and_memory_unchanged()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A disk of known size.");
        string path = $"/dev/shm/native-buffers-{Guid.NewGuid():N}";
        try
        {
            using var file = MappedFile<byte>.Create(path, 5000);
            MappedFileTests.Fill(file, (byte)7);
            Assert.Throws<IOException>(() => file.Resize(new DriveInfo("/dev/shm").TotalSize * 2));
            Assert.Equal((5000, 5000), (file.Length, new FileInfo(path).Length));
            using ReadOnlyBorrow<byte> borrow = file.BorrowReadOnly();
            Assert.Equal(-1, borrow.Span.IndexOfAnyExcept((byte)7));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_grown_file_has_its_room_on_the_disk()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Others do not promise.");
        string path = $"/dev/shm/native-buffers-{Guid.NewGuid():N}";
        try
        {
            using var file = MappedFile<byte>.Create(path, 64 << 20);
            Assert.InRange(RoomOf(path), 64 << 20, 65 << 20);
            file.Resize(128 << 20);
            Assert.InRange(RoomOf(path), 128 << 20, 129 << 20);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>The bytes of the disk that a file uses. The disk's free bytes would not do, because other programs change them.</summary>
    private static long RoomOf(string path)
    {
        using var stat = ChildProcess.Start("stat", ["--format=%b %B", path]);
        string[] blocks = stat.WaitForEnd().Output.Split(' ');
        return long.Parse(blocks[0], CultureInfo.InvariantCulture) * long.Parse(blocks[1], CultureInfo.InvariantCulture);
    }

    [Fact]
    public void While_borrowed_or_streamed_it_is_not_resized()
    {
        using var file = MappedFile<byte>.Open(_folder.FileOf(new byte[10]));
        using (file.Borrow())
        {
            Assert.Throws<InvalidOperationException>(() => file.Resize(20));
        }

        using (file.BorrowReadOnly())
        {
            Assert.Throws<InvalidOperationException>(() => file.Resize(20));
        }

        using (file.AsStream())
        {
            Assert.Throws<InvalidOperationException>(() => file.Resize(20));
        }

        file.Resize(20);
        Assert.Equal(20, file.Length);
    }
}
