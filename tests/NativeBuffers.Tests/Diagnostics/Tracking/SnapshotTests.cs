using System.Text.Json;

namespace NativeBuffers.Tests.Diagnostics.Tracking;

[Collection(ProcessWide.Name)]
public sealed class SnapshotTests : IDisposable
{
    private static readonly NativeAllocator s_malloc = NativeAllocator.Malloc.WithTracking();
    private static readonly NativeAllocator s_pages = NativeAllocator.Pages.WithTracking();

    private readonly List<IDisposable> _kept = [];
    private readonly NativeMemorySnapshot _before;

    public SnapshotTests()
    {
        Collector.Settle();
        _before = NativeMemoryTracker.TakeSnapshot();
    }

    public void Dispose() => _kept.ForEach(static owner => owner.Dispose());

    [Fact]
    public void Blocks_are_grouped_by_line_type_and_allocator()
    {
        Keep<int>(3, s_malloc, "/code/A.cs", 1);
        Keep<int>(4, s_malloc, "/code/A.cs", 1);
        Keep<byte>(5, s_malloc, "/code/A.cs", 2);
        Keep<byte>(6, s_pages, "/code/B.cs", 1);

        NativeMemoryDifference now = NativeMemoryTracker.TakeSnapshot().CompareTo(_before);
        Assert.Equal((39, 4), (now.LiveBytes, now.LiveBlocks));
        Assert.Equal(
            [
                new NativeMemorySite("A.cs:1", "/code/A.cs", 1, 2, 28),
                new NativeMemorySite("B.cs:1", "/code/B.cs", 1, 1, 6),
                new NativeMemorySite("A.cs:2", "/code/A.cs", 2, 1, 5),
            ],
            now.Sites);
        Assert.Equal([new NativeMemoryGroup("System.Int32", 2, 28), new NativeMemoryGroup("System.Byte", 2, 11)], now.Types);
        Assert.Equal([new NativeMemoryGroup("Malloc", 3, 33), new NativeMemoryGroup("Pages", 1, 6)], now.Allocators);
    }

    [Fact]
    public void Two_files_of_one_name_are_named_by_their_paths()
    {
        Keep<byte>(2, s_malloc, "/one/Same.cs", 7);
        Keep<byte>(1, s_malloc, "/two/Same.cs", 7);
        NativeMemoryDifference now = NativeMemoryTracker.TakeSnapshot().CompareTo(_before);
        Assert.Equal(["/one/Same.cs:7", "/two/Same.cs:7"], now.Sites.Select(static site => site.Name));
    }

    [Fact]
    public void A_difference_shows_only_the_changes()
    {
        Keep<byte>(1000, s_malloc, "/code/A.cs", 1);
        var goes = NativeMemoryOwner<byte>.Create(100, s_malloc, "/code/A.cs", 2);
        Keep<int>(10, s_malloc, "/code/A.cs", 3);
        NativeMemorySnapshot earlier = NativeMemoryTracker.TakeSnapshot();
        goes.Dispose();
        Keep<int>(5, s_malloc, "/code/A.cs", 3);

        NativeMemoryDifference difference = NativeMemoryTracker.TakeSnapshot().CompareTo(earlier);
        Assert.Equal(
            [new NativeMemorySite("A.cs:3", "/code/A.cs", 3, 1, 20), new NativeMemorySite("A.cs:2", "/code/A.cs", 2, -1, -100)], difference.Sites);
        Assert.Equal((-80, 0), (difference.LiveBytes, difference.LiveBlocks));
        Assert.Equal([new NativeMemoryGroup("System.Int32", 1, 20), new NativeMemoryGroup("System.Byte", -1, -100)], difference.Types);
        Assert.Equal([new NativeMemoryGroup("Malloc", 0, -80)], difference.Allocators);
        Assert.Equal(
            """
            -80 bytes, 0 blocks.

            site    blocks  bytes
            A.cs:3      +1    +20
            A.cs:2      -1   -100

            type          blocks  bytes
            System.Int32      +1    +20
            System.Byte       -1   -100

            allocator  blocks  bytes
            Malloc          0    -80

            """,
            difference.ToText(),
            ignoreLineEndingDifferences: true);
        NativeMemorySnapshot same = NativeMemoryTracker.TakeSnapshot();
        Assert.Empty(same.CompareTo(same).Sites);
    }

    [Fact]
    public void Json_says_the_same()
    {
        Keep<int>(3, s_malloc, "/code/A \"quoted\".cs", 1);
        Keep<byte>(6, s_pages, "/code/B.cs", 1);
        NativeMemorySnapshot snapshot = NativeMemoryTracker.TakeSnapshot();
        using JsonDocument json = JsonDocument.Parse(snapshot.ToJson());
        JsonElement root = json.RootElement;
        Assert.Equal(snapshot.LiveBytes, root.GetProperty("liveBytes").GetInt64());
        Assert.Equal(snapshot.LiveBlocks, root.GetProperty("liveBlocks").GetInt64());
        Assert.Equal(snapshot.PeakBytes, root.GetProperty("peakBytes").GetInt64());
        Assert.Equal(
            snapshot.Sites,
            root.GetProperty("sites").EnumerateArray().Select(static site => new NativeMemorySite(
                site.GetProperty("name").GetString()!,
                site.GetProperty("filePath").GetString()!,
                site.GetProperty("line").GetInt32(),
                site.GetProperty("blocks").GetInt64(),
                site.GetProperty("bytes").GetInt64())));
        Assert.Equal(snapshot.Types, Groups("types"));
        Assert.Equal(snapshot.Allocators, Groups("allocators"));
        using JsonDocument difference = JsonDocument.Parse(snapshot.CompareTo(_before).ToJson());
        Assert.Equal(18, difference.RootElement.GetProperty("liveBytes").GetInt64());

        IEnumerable<NativeMemoryGroup> Groups(string name) => root.GetProperty(name).EnumerateArray().Select(static group => new NativeMemoryGroup(
            group.GetProperty("name").GetString()!, group.GetProperty("blocks").GetInt64(), group.GetProperty("bytes").GetInt64()));
    }

    [Fact]
    public void Folded_stacks_have_a_frame_for_each_site_and_all_the_bytes()
    {
        Assert.SkipWhen(NativeMemoryTracker.Mode == TrackingMode.Stacks, "Stacks have more frames than the one for the site.");
        Keep<byte>(3, s_malloc, "/code/A;B.cs", 1);
        Keep<byte>(4, s_malloc, "/code/C.cs", 1);
        NativeMemorySnapshot snapshot = NativeMemoryTracker.TakeSnapshot();
        string[] lines = snapshot.ToFoldedStacks().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("A:B.cs:1 3", lines);
        Assert.Contains("C.cs:1 4", lines);
        Assert.Equal(snapshot.LiveBytes, lines.Sum(static line => long.Parse(line[line.LastIndexOf(' ')..])));
    }

    [Fact]
    public void Tracking_an_allocator_twice_gives_the_same_one() =>
        Assert.Same(NativeAllocator.Malloc.WithTracking(), NativeAllocator.Malloc.WithTracking());

    private void Keep<T>(int length, NativeAllocator allocator, string file, int line)
        where T : unmanaged => _kept.Add(NativeMemoryOwner<T>.Create(length, allocator, file, line));
}
