using NativeBuffers.Diagnostics.Tracking;

namespace NativeBuffers;

/// <summary>The tracked blocks that were live at a moment.</summary>
/// <remarks>A snapshot does not change. If threads allocate and free while it is taken, its parts are from slightly different moments.</remarks>
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

    /// <summary>The sum of the sizes of the live blocks, in bytes, as their users asked for them.</summary>
    public long LiveBytes { get; }

    /// <summary>The number of live blocks.</summary>
    public long LiveBlocks { get; }

    /// <summary>The most bytes that were live at a time since the process began: see <see cref="NativeMemoryTracker.PeakBytes"/>.</summary>
    public long PeakBytes { get; }

    /// <summary>By the lines that allocated the blocks. The most bytes come first.</summary>
    public IReadOnlyList<NativeMemorySite> Sites => _table.Sites;

    /// <summary>By the types of the elements. The most bytes come first.</summary>
    public IReadOnlyList<NativeMemoryGroup> Types => _table.Types;

    /// <summary>By the allocators of the blocks. The most bytes come first.</summary>
    public IReadOnlyList<NativeMemoryGroup> Allocators => _table.Allocators;

    /// <summary>The change from an earlier snapshot to this one.</summary>
    /// <param name="earlier">Any other snapshot. If it is the later one, the signs are reversed.</param>
    /// <exception cref="ArgumentNullException"><paramref name="earlier"/> is null.</exception>
    public NativeMemoryDifference CompareTo(NativeMemorySnapshot earlier)
    {
        ArgumentNullException.ThrowIfNull(earlier);
        return new NativeMemoryDifference(_table.Minus(earlier._table));
    }

    /// <summary>Tables for people: by site, by type, by allocator.</summary>
    public string ToText() =>
        $"{LiveBytes:N0} bytes in {LiveBlocks:N0} {(LiveBlocks == 1 ? "block is" : "blocks are")} alive; at most there were {PeakBytes:N0} bytes.{Environment.NewLine}"
        + UsageFormats.ToText(_table, signed: false);

    /// <summary>
    /// The same for programs: an object with <c>liveBytes</c>, <c>liveBlocks</c>, <c>peakBytes</c>, <c>sites</c>, <c>types</c>
    /// and <c>allocators</c>.
    /// </summary>
    public string ToJson() =>
        UsageFormats.ToJson(_table, ("liveBytes", LiveBytes), ("liveBlocks", LiveBlocks), ("peakBytes", PeakBytes));

    /// <summary>Folded stacks, the input of flame graphs. A line has the calls, outermost first, with <c>;</c> between, and the bytes.</summary>
    /// <remarks>If calls are not captured (see <see cref="TrackingMode.Stacks"/>), there is one frame: the site.</remarks>
    public string ToFoldedStacks() => UsageFormats.ToFoldedStacks(_table);

    /// <inheritdoc cref="ToText"/>
    public override string ToString() => ToText();
}
