namespace NativeBuffers.Tests.Regions;

/// <summary>A part of a file as memory.</summary>
[CorrectProgram]
public class MappedPartTests
{
    private static readonly int[] s_numbers = [.. Enumerable.Range(0, 100_000)];

    [Theory]
    [InlineData(0, 100_000)]
    [InlineData(4, 10)]
    [InlineData(65_536, 1)]
    [InlineData(65_540, 80_000)]
    [InlineData(399_996, 1)]
    [InlineData(400_000, 0)]
    public void It_has_the_elements_from_the_offset_on(long byteOffset, long length)
    {
        using TemporaryFolder folder = new();
        string path = Numbers(folder);
        using (MappedFile<int> file = MappedFile<int>.Open(path, byteOffset, length))
        {
            using Borrow<int> part = file.Borrow();
            Assert.Equal(length, part.Length);
            Assert.True(part.Span.SequenceEqual(s_numbers.AsSpan((int)(byteOffset / 4), (int)length)));
            part.Span.Clear();
            file.Flush();
        }

        using MappedFile<int> all = MappedFile<int>.OpenRead(path);
        using ReadOnlyBorrow<int> numbers = all.BorrowReadOnly();
        Assert.Equal(s_numbers.Length, numbers.Length);
        for (int i = 0; i < s_numbers.Length; i++)
        {
            bool isInside = i >= byteOffset / 4 && i < (byteOffset / 4) + length;
            Assert.Equal(isInside ? 0 : i, numbers[i]);
        }
    }

    [Fact]
    public void Ranges_outside_the_file_and_offsets_that_are_not_aligned_are_refused()
    {
        using TemporaryFolder folder = new();
        string path = Numbers(folder);
        Assert.Throws<EndOfStreamException>(() => MappedFile<int>.OpenRead(path, 400_004, 0));
        Assert.Throws<EndOfStreamException>(() => MappedFile<int>.OpenRead(path, 4, 100_000));
        Assert.Throws<EndOfStreamException>(() => MappedFile<int>.OpenRead(path, long.MaxValue - 3, 1));
        Assert.Throws<EndOfStreamException>(() => MappedFile<int>.OpenRead(path, 0, long.MaxValue / 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => MappedFile<int>.OpenRead(path, -4, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => MappedFile<int>.OpenRead(path, 0, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => MappedFile<int>.OpenRead(path, 0, long.MaxValue));
        Assert.Contains("not aligned", Assert.Throws<ArgumentException>(() => MappedFile<int>.OpenRead(path, 2, 1)).Message);
        using MappedFile<byte> bytes = MappedFile<byte>.OpenRead(path, 3, 5);
        Assert.Equal(5, bytes.Length);
    }

    [Fact]
    public void It_is_not_resized_and_not_written_if_it_was_opened_to_be_read()
    {
        using TemporaryFolder folder = new();
        string path = Numbers(folder);
        using MappedFile<int> part = MappedFile<int>.Open(path, 4, 10);
        Assert.Throws<NotSupportedException>(() => part.Resize(20));
        Assert.Equal(10, part.Length);
        using MappedFile<int> read = MappedFile<int>.OpenRead(path, 4, 10);
        Assert.Throws<NotSupportedException>(() => read.Borrow().Dispose());
    }

    [Fact]
    public void A_borrow_is_refused_if_the_file_was_cut_inside_it()
    {
        using TemporaryFolder folder = new();
        string path = Numbers(folder);
        using MappedFile<int> part = MappedFile<int>.OpenRead(path, 200_000, 10);
        using (FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(200_040);
            part.BorrowReadOnly().Dispose();
            file.SetLength(200_036);
        }

        Assert.Throws<EndOfStreamException>(() => part.BorrowReadOnly().Dispose());
    }

    [Fact]
    public void A_part_beyond_4_GiB_of_a_sparse_file()
    {
        using TemporaryFolder folder = new();
        string path = folder.File();
        const long Offset = (1L << 32) + 8;
        using (FileStream file = File.Create(path))
        {
            file.SetLength(Offset + 16);
        }

        using (MappedFile<long> part = MappedFile<long>.Open(path, Offset, 2))
        {
            using Borrow<long> numbers = part.Borrow();
            numbers[1] = 42;
        }

        using FileStream read = File.OpenRead(path);
        read.Position = Offset + 8;
        Assert.Equal(42, read.ReadByte());
    }

    private static string Numbers(TemporaryFolder folder) =>
        folder.FileOf(System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(s_numbers));
}
