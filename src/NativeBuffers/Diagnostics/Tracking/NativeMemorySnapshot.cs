using NativeBuffers.Diagnostics.Tracking;

namespace NativeBuffers;

/// <summary>What was alive at a moment, of all that is tracked.</summary>
/// <remarks>It does not change. While other threads allocate and free, different parts of it are from slightly different moments.</remarks>
public sealed class NativeMemorySnapshot
{
    private readonly UsageTable _table;

    internal NativeMemorySnapshot(UsageTable table, long peakBytes)
    {
        _table = table;
        LiveBytes = table.ByteCount;
        LiveBlocks = table.BlockCount;
        PeakBytes = long.Max(peakBytes, LiveBytes);
    }

    /// <summary>What was alive, in bytes, as its users asked for them.</summary>
    public long LiveBytes { get; }

    /// <summary>How many blocks were alive.</summary>
    public long LiveBlocks { get; }

    /// <summary>The most bytes that had been alive at a time, since the process began: see <see cref="NativeMemoryTracker.PeakBytes"/>.</summary>
    public long PeakBytes { get; }

    /// <summary>By the lines that asked for them. The most bytes come first.</summary>
    public IReadOnlyList<NativeMemorySite> Sites => _table.Sites;

    /// <summary>By what the elements are. The most bytes come first.</summary>
    public IReadOnlyList<NativeMemoryGroup> Types => _table.Types;

    /// <summary>By where the blocks come from. The most bytes come first.</summary>
    public IReadOnlyList<NativeMemoryGroup> Allocators => _table.Allocators;

    /// <summary>What is more in this than in an earlier snapshot, and what is less.</summary>
    /// <param name="earlier">Any other; if it is the later one, the signs are the other way round.</param>
    /// <exception cref="ArgumentNullException"><paramref name="earlier"/> is null.</exception>
    public NativeMemoryDifference CompareTo(NativeMemorySnapshot earlier)
    {
        ArgumentNullException.ThrowIfNull(earlier);
        return new NativeMemoryDifference(_table.Minus(earlier._table));
    }

    /// <summary>Tables for people: by site, by type, by allocator.</summary>
    public string ToText() =>
        $"{LiveBytes:N0} bytes in {LiveBlocks:N0} {(LiveBlocks == 1 ? "block is" : "blocks are")} alive; at most there were {PeakBytes:N0} bytes.{Environment.NewLine}"
        + UsageText.Of(_table, signed: false);

    /// <summary>The same for programs: an object with <c>liveBytes</c>, <c>liveBlocks</c>, <c>peakBytes</c>, <c>sites</c>, <c>types</c> and <c>allocators</c>.</summary>
    public string ToJson() => UsageJson.Of(_table, writer =>
    {
        writer.WriteNumber("liveBytes", LiveBytes);
        writer.WriteNumber("liveBlocks", LiveBlocks);
        writer.WriteNumber("peakBytes", PeakBytes);
    });

    /// <summary>Folded stacks, of which programs draw flame graphs: on each line the calls, the outermost first, with <c>;</c> between, and the bytes.</summary>
    /// <remarks>Where calls are not noted (<see cref="TrackingMode.Stacks"/>), there is one frame: the site.</remarks>
    public string ToFoldedStacks() => FoldedStacks.Of(_table);

    /// <inheritdoc cref="ToText"/>
    public override string ToString() => ToText();
}
