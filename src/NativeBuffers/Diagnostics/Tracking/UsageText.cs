using System.Text;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>Aligned tables in plain text.</summary>
internal static class UsageText
{
    public static string Of(UsageTable table, bool signed)
    {
        string format = signed ? "+#,0;-#,0;0" : "#,0";
        var text = new StringBuilder();
        Append(text, "site", table.Sites.Select(static site => (site.Name, site.BlockCount, site.ByteCount)), format);
        Append(text, "type", table.Types.Select(static type => (type.Name, type.BlockCount, type.ByteCount)), format);
        Append(text, "allocator", table.Allocators.Select(static allocator => (allocator.Name, allocator.BlockCount, allocator.ByteCount)), format);
        return text.ToString();
    }

    private static void Append(StringBuilder text, string heading, IEnumerable<(string Name, long BlockCount, long ByteCount)> groups, string format)
    {
        List<(string Name, string Blocks, string Bytes)> lines = [(heading, "blocks", "bytes")];
        foreach ((string name, long blockCount, long byteCount) in groups)
        {
            lines.Add((name, blockCount.ToString(format, CultureInfo.InvariantCulture), byteCount.ToString(format, CultureInfo.InvariantCulture)));
        }

        int names = lines.Max(static line => line.Name.Length);
        int blocks = lines.Max(static line => line.Blocks.Length);
        int bytes = lines.Max(static line => line.Bytes.Length);
        _ = text.AppendLine();
        foreach ((string name, string blockText, string byteText) in lines)
        {
            _ = text.Append(name.PadRight(names)).Append("  ").Append(blockText.PadLeft(blocks)).Append("  ").AppendLine(byteText.PadLeft(bytes));
        }
    }
}
