using System.Text;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>The format that flame graphs are drawn from.</summary>
internal static class FoldedStacks
{
    public static string Of(UsageTable table)
    {
        var text = new StringBuilder();
        var lines = from row in table.Rows
                    group row by FramesOf(row, table.Names) into part
                    orderby part.Key
                    select (Frames: part.Key, ByteCount: part.Sum(static row => row.ByteCount));
        foreach ((string frames, long byteCount) in lines)
        {
            _ = text.Append(frames).Append(' ').Append(byteCount).Append('\n');
        }

        return text.ToString();
    }

    private static string FramesOf(UsageRow row, SiteNames names) => row.Stack.Frames is { Count: > 0 } frames
        ? string.Join(';', frames.Reverse().Select(Clean))
        : Clean(names.NameOf(row.Site));

    private static string Clean(string frame) => frame.Replace(';', ':').ReplaceLineEndings(" ");
}
