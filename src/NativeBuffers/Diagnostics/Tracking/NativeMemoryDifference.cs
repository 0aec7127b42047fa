using NativeBuffers.Diagnostics.Tracking;

namespace NativeBuffers;

/// <summary>The change from one <see cref="NativeMemorySnapshot"/> to another. Growth is positive.</summary>
/// <remarks>Equal parts are left out. A difference does not change.</remarks>
public sealed class NativeMemoryDifference
{
    private readonly UsageTable _table;

    internal NativeMemoryDifference(UsageTable table) => _table = table;

    /// <summary>How many more bytes are live.</summary>
    public long LiveBytes => _table.ByteCount;

    /// <summary>How many more blocks are live.</summary>
    public long LiveBlocks => _table.BlockCount;

    /// <summary>By the lines that allocated the blocks. The largest growth comes first.</summary>
    public IReadOnlyList<NativeMemorySite> Sites => _table.Sites;

    /// <summary>By the types of the elements. The largest growth comes first.</summary>
    public IReadOnlyList<NativeMemoryGroup> Types => _table.Types;

    /// <summary>By the allocators of the blocks. The largest growth comes first.</summary>
    public IReadOnlyList<NativeMemoryGroup> Allocators => _table.Allocators;

    /// <inheritdoc cref="NativeMemorySnapshot.ToText"/>
    public string ToText() =>
        $"{LiveBytes:+#,0;-#,0;0} bytes, {LiveBlocks:+#,0;-#,0;0} blocks.{Environment.NewLine}" + UsageFormats.ToText(_table, signed: true);

    /// <summary>The same for programs: an object with <c>liveBytes</c>, <c>liveBlocks</c>, <c>sites</c>, <c>types</c> and <c>allocators</c>.</summary>
    public string ToJson() => UsageFormats.ToJson(_table, ("liveBytes", LiveBytes), ("liveBlocks", LiveBlocks));

    /// <inheritdoc cref="ToText"/>
    public override string ToString() => ToText();
}
