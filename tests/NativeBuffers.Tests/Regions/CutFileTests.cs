using NativeBuffers.Mapping;

namespace NativeBuffers.Tests.Regions;

/// <summary>A file that becomes shorter than its mapping.</summary>
[Slow]
public sealed class CutFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void No_memory_is_lent_that_is_not_there_any_more()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There a mapped file is not cut.");
        string path = _folder.FileOf(new byte[100_000]);
        using var file = MappedFile<byte>.Open(path);
        Cut(path, 50_000);
        Action[] uses = [() => file.Borrow().Dispose(), () => file.BorrowReadOnly().Dispose(), () => file.AsStream().Dispose()];
        foreach (Action use in uses)
        {
            string message = Assert.Throws<EndOfStreamException>(use).Message;
            Assert.Contains("100,000", message);
            Assert.Contains("50,000", message);
        }

        file.Flush();

        // Nothing is left of the borrows that were refused.
        file.Resize(50_000);
        using (Borrow<byte> borrow = file.Borrow())
        {
            borrow[49_999] = 1;
        }

        Cut(path, 0);
        Assert.Throws<EndOfStreamException>(() => file.Borrow().Dispose());
        file.Resize(60_000);
        using ReadOnlyBorrow<byte> all = file.BorrowReadOnly();
        Assert.Equal(-1, all.Span.IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void A_file_that_became_longer_is_borrowed_as_it_was_mapped_and_resized_to_its_length()
    {
        string path = _folder.FileOf([1, 2, 3]);
        using var file = MappedFile<byte>.Open(path);
        File.AppendAllBytes(path, [4, 5]);
        using (Borrow<byte> borrow = file.Borrow())
        {
            Assert.Equal([1, 2, 3], borrow.Span.ToArray());
        }

        file.Resize(5);
        using Borrow<byte> all = file.Borrow();
        Assert.Equal([1, 2, 3, 4, 5], all.Span.ToArray());
    }

    [Fact]
    public void Another_mapping_may_shorten_the_file()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There a mapped file is not cut.");
        string path = _folder.FileOf(new byte[100]);
        using var one = MappedFile<byte>.Open(path);
        using var other = MappedFile<byte>.OpenRead(path);
        one.Resize(50);
        one.Borrow().Dispose();
        Assert.Throws<EndOfStreamException>(() => other.BorrowReadOnly().Dispose());
    }

    /// <summary>The documentation warns of this: the warning is true as long as this test passes.</summary>
    [Fact]
    public void A_touch_of_a_cut_page_through_a_borrow_ends_the_process()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Others were not tried.");
        string path = _folder.FileOf(new byte[1 << 20]);
        using var companion = ChildProcess.StartProgram(typeof(Program), []);
        Assert.Equal("mapped 131072", companion.Ask($"map {path}"));
        companion.Tell("cut 4096");
        ChildResult end = companion.WaitForEnd();
        Assert.Equal(["the first is there: 0", "a new borrow is refused"], end.Lines);
        Assert.Equal(128 + 6, end.ExitCode);
        Assert.Contains("AccessViolationException", end.Errors);
    }

    [Fact]
    public void The_remaining_pages_stay_readable()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Others were not tried.");
        string path = _folder.FileOf(new byte[1 << 20]);
        using var companion = ChildProcess.StartProgram(typeof(Program), []);
        Assert.Equal("mapped 131072", companion.Ask($"map {path}"));
        companion.Tell($"cut {(1 << 20) - 1}");
        ChildResult end = companion.WaitForEnd();
        Assert.Equal(["the first is there: 0", "a new borrow is refused", "the last is there: 0"], end.Lines);
        Assert.Equal(0, end.ExitCode);
    }

    [Fact]
    public void Two_processes_see_the_same_bytes()
    {
        string path = _folder.FileOf(new byte[800]);
        using var file = MappedFile<long>.Open(path);
        using var companion = ChildProcess.StartProgram(typeof(Program), []);
        Assert.Equal("mapped 100", companion.Ask($"map {path}"));
        using Borrow<long> borrow = file.Borrow();
        borrow[3] = 33;
        Assert.Equal("33", companion.Ask("get 3"));
        Assert.Equal("set", companion.Ask("set 4 44"));
        Assert.Equal(44, borrow[4]);
        companion.Kill();
        Assert.Equal(44, borrow[4]);
    }

    private static void Cut(string path, long byteCount)
    {
        using FileStream other = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        other.SetLength(byteCount);
    }
}
