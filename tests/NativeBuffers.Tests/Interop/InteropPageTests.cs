using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using NativeBuffers.Tests.Interop.Page;

namespace NativeBuffers.Tests.Interop;

/// <summary>The samples of <c>docs/interop.md</c> are parts of the files in <c>Page/</c>, which run here against the real libraries.</summary>
public partial class InteropPageTests
{
    [Fact]
    public void Each_sample_of_the_page_is_a_part_of_a_file_that_runs()
    {
        string[] sources = [.. Repository.Files("tests/NativeBuffers.Tests/Interop/Page", "*.cs").Select(static path => WithoutIndent(Repository.Read(path)))];
        string[] samples = [.. Fence().Matches(Repository.Read("docs/interop.md")).Select(static match => match.Groups[1].Value)];
        Assert.True(samples.Length >= 5);
        Assert.All(
            samples.SelectMany(static sample => sample.Split("\n\n")),
            part => Assert.True(sources.Any(source => source.Contains(WithoutIndent(part), StringComparison.Ordinal)), part));

        static string WithoutIndent(string text) => string.Join('\n', text.Split('\n').Select(static line => line.Trim())).Trim();
    }

    [Fact]
    public void Zlib_packs_an_owner_and_unpacks_a_mapped_file()
    {
        ZLibrary.SkipUnlessThere();
        byte[] text = [.. Enumerable.Range(0, 10_000).Select(static i => (byte)(i / 7))];
        using TemporaryFolder folder = new();
        using (NativeMemoryOwner<byte> packed = Zlib.Compress(text))
        {
            Assert.InRange(packed.Length, 1, 5_000);
            File.WriteAllBytes(folder.File(), packed.Memory.Span);
        }

        using NativeBuffer<byte> unpacked = Zlib.Unpack(folder.File(), text.Length);
        Assert.True(unpacked.AsSpan().SequenceEqual(text));
    }

    [Fact]
    public void A_block_of_Sqlite_is_an_owner_that_Sqlites_function_frees()
    {
        SkipUnlessThere();
        Execute("create table t(x); insert into t values (42);", static database =>
        {
            using NativeMemoryOwner<byte> image = Sqlite.Serialize(database);
            Assert.StartsWith("SQLite format 3\0", System.Text.Encoding.ASCII.GetString(image.Memory.Span));
            Assert.Equal("sqlite3_free", image.Allocator.Name);
            Assert.Contains("only frees", Assert.Throws<OutOfMemoryException>(() => image.Resize(2 * image.Length)).Message);
            Assert.StartsWith("SQLite format 3\0", System.Text.Encoding.ASCII.GetString(image.Memory.Span));
        });
    }

    [Fact]
    public unsafe void Sqlite_frees_the_owner_that_was_given_to_it()
    {
        SkipUnlessThere();
        var allocator = new RecordingAllocator();
        Execute("", database =>
        {
            Assert.Equal(0, Sqlite.Prepare(database, "select ?1", -1, out nint statement, 0));
            NativeMemoryOwner<byte> first = NativeMemoryOwner<byte>.CreateFrom("first"u8, allocator);
            Assert.Equal(0, Sqlite.Bind(statement, 1, first));
            Assert.True(first.IsDisposed);
            Assert.Equal(1, allocator.LiveBlocks);

            Assert.Equal(0, Sqlite.Bind(statement, 1, NativeMemoryOwner<byte>.CreateFrom("second"u8, allocator)));
            Assert.Equal(1, allocator.LiveBlocks);
            Assert.Equal(Sqlite.Row, Sqlite.Step(statement));
            Assert.True(new Span<byte>(Sqlite.ColumnBlob(statement, 0), Sqlite.ColumnByteCount(statement, 0)).SequenceEqual("second"u8));

            Assert.Equal(0, Sqlite.Finish(statement));
            Assert.Equal(0, allocator.LiveBlocks);
        });
    }

    private static void Execute(string sql, Action<nint> body)
    {
        Assert.Equal(0, Sqlite.Open(":memory:", out nint database));
        foreach (string command in sql.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            Assert.Equal(0, Sqlite.Prepare(database, command, -1, out nint statement, 0));
            Assert.Equal(Sqlite.Done, Sqlite.Step(statement));
            Assert.Equal(0, Sqlite.Finish(statement));
        }

        body(database);
        Assert.Equal(0, Sqlite.Close(database));
    }

    private static void SkipUnlessThere() =>
        Assert.SkipUnless(
            NativeLibrary.TryLoad("libsqlite3.so.0", out _), "libsqlite3.so.0 is not on this machine: install Debian's package libsqlite3-0.");

    [GeneratedRegex("^```cs\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
