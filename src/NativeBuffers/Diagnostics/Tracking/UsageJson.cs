using System.Text;
using System.Text.Json;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>The groups as JSON. Written by hand: nothing is looked up by reflection.</summary>
internal static class UsageJson
{
    /// <param name="table">What to write.</param>
    /// <param name="writeTotals">Writes the properties that come first.</param>
    public static string Of(UsageTable table, Action<Utf8JsonWriter> writeTotals)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writeTotals(writer);
            WriteSites(writer, table.Sites);
            WriteGroups(writer, "types", table.Types);
            WriteGroups(writer, "allocators", table.Allocators);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    private static void WriteSites(Utf8JsonWriter writer, IReadOnlyList<NativeMemorySite> sites)
    {
        writer.WriteStartArray("sites");
        foreach (NativeMemorySite site in sites)
        {
            writer.WriteStartObject();
            writer.WriteString("name", site.Name);
            writer.WriteString("filePath", site.FilePath);
            writer.WriteNumber("line", site.Line);
            writer.WriteNumber("blocks", site.BlockCount);
            writer.WriteNumber("bytes", site.ByteCount);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteGroups(Utf8JsonWriter writer, string name, IReadOnlyList<NativeMemoryGroup> groups)
    {
        writer.WriteStartArray(name);
        foreach (NativeMemoryGroup group in groups)
        {
            writer.WriteStartObject();
            writer.WriteString("name", group.Name);
            writer.WriteNumber("blocks", group.BlockCount);
            writer.WriteNumber("bytes", group.ByteCount);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
