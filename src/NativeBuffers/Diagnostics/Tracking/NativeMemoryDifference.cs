using NativeBuffers.Diagnostics.Tracking;

namespace NativeBuffers;

/// <summary>What one <see cref="NativeMemorySnapshot"/> has more than another, and less: growth is positive.</summary>
/// <remarks>What is the same in both is not listed. It does not change.</remarks>
public sealed class NativeMemoryDifference
{
    private readonly UsageTable _table;

    internal NativeMemoryDifference(UsageTable table) => _table = table;

    /// <summary>How many bytes more are alive.</summary>
    public long LiveBytes => _table.ByteCount;

    /// <summary>How many blocks more are alive.</summary>
    public long LiveBlocks => _table.BlockCount;

    /// <summary>By the lines that asked for them. What has grown most comes first.</summary>
    public IReadOnlyList<NativeMemorySite> Sites => _table.Sites;

    /// <summary>By what the elements are. What has grown most comes first.</summary>
    public IReadOnlyList<NativeMemoryGroup> Types => _table.Types;

    /// <summary>By where the blocks come from. What has grown most comes first.</summary>
    public IReadOnlyList<NativeMemoryGroup> Allocators => _table.Allocators;

    /// <summary>Tables for people: by site, by type, by allocator.</summary>
    public string ToText() =>
        $"{LiveBytes:+#,0;-#,0;0} bytes, {LiveBlocks:+#,0;-#,0;0} blocks.{Environment.NewLine}" + UsageText.Of(_table, signed: true);

    /// <summary>The same for programs: an object with <c>liveBytes</c>, <c>liveBlocks</c>, <c>sites</c>, <c>types</c> and <c>allocators</c>.</summary>
    public string ToJson() => UsageJson.Of(_table, writer =>
    {
        writer.WriteNumber("liveBytes", LiveBytes);
        writer.WriteNumber("liveBlocks", LiveBlocks);
    });

    /// <inheritdoc cref="ToText"/>
    public override string ToString() => ToText();
}
