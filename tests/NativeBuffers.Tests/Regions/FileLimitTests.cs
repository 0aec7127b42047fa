using NativeBuffers.Mapping;

namespace NativeBuffers.Tests.Regions;

/// <summary>A process whose files have a size limit (<c>ulimit -f</c>). The system ends it beyond the limit, unless the library checks first.</summary>
[Slow]
public sealed class FileLimitTests : IDisposable
{
    private const int Limit = 64 * 1024;
    private const int MostLongs = Limit / 8;

    private readonly TemporaryFolder _folder = new();
    private readonly ChildProcess _companion;

    public FileLimitTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The call that limits another process is Linux's.");
        _companion = ChildProcess.StartProgram(typeof(Program), []);
        Assert.Equal("what?", _companion.Ask("hello"));
        SystemSetup.LimitFiles(_companion.Id, Limit);
    }

    public void Dispose()
    {
        _companion?.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_file_is_not_created_beyond_it_and_nothing_is_left()
    {
        string path = _folder.FileOf([1, 2, 3]);
        Assert.Equal("IOException", _companion.Ask($"make {path} {MostLongs + 1}"));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Equal("IOException", _companion.Ask($"make {path}2 {MostLongs + 1}"));
        Assert.Equal(path, Assert.Single(Directory.GetFiles(Path.GetDirectoryName(path)!)));
        Assert.Equal("made", _companion.Ask($"make {path} {MostLongs}"));
        _companion.Kill();
        Assert.Contains($"{Limit:N0} bytes", _companion.Errors);
        Assert.Contains(path, _companion.Errors);
    }

    [Fact]
    public void A_file_does_not_grow_beyond_it_and_is_unchanged()
    {
        string path = _folder.File();
        Assert.Equal("made", _companion.Ask($"make {path} 0"));
        Assert.Equal("IOException", _companion.Ask($"resize {MostLongs + 1}"));
        Assert.Equal("resized", _companion.Ask("resize 10"));
        Assert.Equal("IOException", _companion.Ask($"resize {MostLongs + 1}"));
        Assert.Equal("0", _companion.Ask("get 9"));
        Assert.Equal(80, new FileInfo(path).Length);
    }

    [Fact]
    public void Shared_memory_is_not_created_beyond_it_and_nothing_is_left()
    {
        string name = $"test-{Guid.NewGuid():N}";
        Assert.Equal("IOException", _companion.Ask($"create {name} {MostLongs + 1}"));
        Assert.False(File.Exists($"/dev/shm/NativeBuffers-{name}"));
        Assert.Equal("created", _companion.Ask($"create {name} {MostLongs}"));
    }

    [Fact]
    public void An_owner_is_not_written_beyond_it()
    {
        string path = _folder.File();
        Assert.Equal("IOException", _companion.Ask($"write {path} {Limit - 79}"));
        Assert.Equal(0, new FileInfo(path).Length);
        Assert.Equal("written", _companion.Ask($"write {path} {Limit - 80}"));
        Assert.Equal("written", _companion.Ask($"write /dev/null {Limit}"));
    }
}
