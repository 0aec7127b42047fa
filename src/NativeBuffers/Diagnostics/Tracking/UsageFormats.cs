using System.Text;
using System.Text.Json;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>A <see cref="UsageTable"/> as text, as JSON and as folded stacks.</summary>
internal static class UsageFormats
{
    /// <summary>Aligned tables in plain text.</summary>
    /// <param name="table">The table to write.</param>
    /// <param name="signed">Whether figures have a sign.</param>
    public static string ToText(UsageTable table, bool signed)
    {
        string format = signed ? "+#,0;-#,0;0" : "#,0";
        var text = new StringBuilder();
        Append(text, "site", table.Sites.Select(static site => new NativeMemoryGroup(site.Name, site.BlockCount, site.ByteCount)), format);
        Append(text, "type", table.Types, format);
        Append(text, "allocator", table.Allocators, format);
        return text.ToString();
    }

    /// <summary>JSON, written without reflection.</summary>
    /// <param name="table">The table to write.</param>
    /// <param name="totals">The properties that come first.</param>
    public static string ToJson(UsageTable table, params ReadOnlySpan<(string Name, long Value)> totals)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            foreach ((string name, long value) in totals)
            {
                writer.WriteNumber(name, value);
            }

            writer.WriteStartArray("sites");
            foreach (NativeMemorySite site in table.Sites)
            {
                writer.WriteStartObject();
                writer.WriteString("name", site.Name);
                writer.WriteString("filePath", site.FilePath);
                writer.WriteNumber("line", site.Line);
                WriteFigures(writer, site.BlockCount, site.ByteCount);
            }

            writer.WriteEndArray();
            WriteGroups(writer, "types", table.Types);
            WriteGroups(writer, "allocators", table.Allocators);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    /// <summary>The input format of flame graphs: a line for each call stack, and its bytes.</summary>
    public static string ToFoldedStacks(UsageTable table)
    {
        var text = new StringBuilder();
        var lines = from row in table.Rows
                    group row.ByteCount by FramesOf(table, row) into part
                    orderby part.Key
                    select (Frames: part.Key, ByteCount: part.Sum());
        foreach ((string frames, long byteCount) in lines)
        {
            _ = text.Append(frames).Append(' ').Append(byteCount).Append('\n');
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, string heading, IEnumerable<NativeMemoryGroup> groups, string format)
    {
        (string Name, string Blocks, string Bytes)[] lines =
        [
            (heading, "blocks", "bytes"),
            .. groups.Select(group => (
                group.Name,
                group.BlockCount.ToString(format, CultureInfo.InvariantCulture),
                group.ByteCount.ToString(format, CultureInfo.InvariantCulture))),
        ];
        int names = lines.Max(static line => line.Name.Length);
        int blocks = lines.Max(static line => line.Blocks.Length);
        int bytes = lines.Max(static line => line.Bytes.Length);
        _ = text.AppendLine();
        foreach ((string name, string blockText, string byteText) in lines)
        {
            _ = text.Append(name.PadRight(names)).Append("  ").Append(blockText.PadLeft(blocks)).Append("  ").AppendLine(byteText.PadLeft(bytes));
        }
    }

    private static void WriteGroups(Utf8JsonWriter writer, string name, IReadOnlyList<NativeMemoryGroup> groups)
    {
        writer.WriteStartArray(name);
        foreach (NativeMemoryGroup group in groups)
        {
            writer.WriteStartObject();
            writer.WriteString("name", group.Name);
            WriteFigures(writer, group.BlockCount, group.ByteCount);
        }

        writer.WriteEndArray();
    }

    private static void WriteFigures(Utf8JsonWriter writer, long blockCount, long byteCount)
    {
        writer.WriteNumber("blocks", blockCount);
        writer.WriteNumber("bytes", byteCount);
        writer.WriteEndObject();
    }

    private static string FramesOf(UsageTable table, UsageTable.Row row) => row.Stack.Methods is { Count: > 0 } methods
        ? string.Join(';', methods.Reverse().Select(Clean))
        : Clean(table.SiteOf(row));

    private static string Clean(string frame) => frame.Replace(';', ':').ReplaceLineEndings(" ");
}
