namespace NativeBuffers.Tests.Regions;

/// <summary>A file whose mapping ends when it becomes shorter, as on Windows, and cannot be made again: the address is another's then.</summary>
public sealed class UnmappedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly UnmappingFiles _maps = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Shrinking_and_growing_keep_the_contents()
    {
        using MappedFile<byte> file = Open(out string path);
        file.Resize(10_000);
        file.Resize(30_000);
        file.Resize(0);
        Assert.Equal((0, 0), (_maps.Count, (int)new FileInfo(path).Length));
        file.Resize(5);
        Assert.Equal(1, _maps.Count);
        file.Dispose();
        Assert.Equal(0, _maps.Count);
        Assert.Equal(new byte[5], File.ReadAllBytes(path));
    }

    [Theory]
    [InlineData("throws")]
    [InlineData("null")]
    [InlineData("uncut")]
    public void Nothing_is_lent_until_it_is_mapped_again(string how)
    {
        using MappedFile<byte> file = Open(out string path);
        _maps.ThrowsAtMapping = how == "throws";
        _maps.RefusesToMap = how == "null";
        _maps.RefusesToCut = how == "uncut";
        Assert.IsType(how == "null" ? typeof(OutOfMemoryException) : typeof(IOException), Record.Exception(() => file.Resize(10_000)), exactMatch: false);
        Action[] uses = [() => file.Borrow().Dispose(), () => file.BorrowReadOnly().Dispose(), () => file.AsStream().Dispose()];
        foreach (Action use in uses)
        {
            Assert.Contains(path, Assert.Throws<IOException>(use).Message);
        }

        file.Flush();
        Assert.NotNull(Record.Exception(() => file.Resize(9_000)));
        Assert.Throws<IOException>(uses[0]);
        (_maps.ThrowsAtMapping, _maps.RefusesToMap, _maps.RefusesToCut) = (false, false, false);
        file.Resize(9_000);
        using (Borrow<byte> borrow = file.Borrow())
        {
            Assert.Equal(9_000, borrow.Length);
            Assert.Equal(-1, borrow.Span.IndexOfAnyExcept((byte)7));
        }

        Assert.Equal((1, 9_000), (_maps.Count, (int)new FileInfo(path).Length));
    }

    [Fact]
    public void Disposed_it_unmaps_nothing_that_is_not_its_own()
    {
        MappedFile<byte> file = Open(out string path);
        _maps.ThrowsAtMapping = true;
        Assert.Throws<IOException>(() => file.Resize(10_000));
        Assert.Equal(0, _maps.Count);
        file.Dispose();
        Assert.Equal(0, _maps.Count);
        MappedFileTests.AssertClosed(path);
    }

    private MappedFile<byte> Open(out string path)
    {
        byte[] content = new byte[20_000];
        content.AsSpan().Fill(7);
        path = _folder.FileOf(content);
        return MappedFile<byte>.Open(path, canWrite: true, MappedFileAccess.Any, _maps, file: null, line: 0);
    }
}
