using NativeBuffers.Diagnostics.Tracking;

namespace NativeBuffers;

/// <summary>Leaked blocks that differ in their addresses and sizes only.</summary>
/// <param name="Site">The line that allocated them, as <c>File.cs:12</c>; the method if the line is not known.</param>
/// <param name="FilePath">As the compiler knew it; empty if unknown.</param>
/// <param name="Line">From 1; 0 if unknown.</param>
/// <param name="TypeName">
/// The type of their elements; <c>(bare block)</c> if they have none, and <c>(unknown)</c> where a process without tracking does not note it.
/// </param>
/// <param name="AllocatorName">The name of their allocator.</param>
/// <param name="BlockCount">The number of blocks.</param>
/// <param name="ByteCount">The sum of their sizes, in bytes.</param>
/// <param name="IsAbandoned">
/// True if the owner was not disposed, and a finalizer or the end of its thread has freed the blocks. False if they are still live.
/// </param>
public sealed record NativeMemoryLeak(
    string Site, string FilePath, int Line, string TypeName, string AllocatorName, long BlockCount, long ByteCount, bool IsAbandoned)
{
    /// <summary>The leak in one sentence.</summary>
    public override string ToString() =>
        $"{ByteCount:N0} bytes in {BlockCount:N0} {(BlockCount == 1 ? "block" : "blocks")}{OfType}, allocated at {Site} from {AllocatorName}: "
        + (IsAbandoned ? "never disposed, and freed by a finalizer or when the thread had ended." : "still alive.");

    private string OfType => TypeName is UsageTable.UnknownType or UsageTable.BareBlock ? "" : $" of {TypeName}";

    internal static IReadOnlyList<NativeMemoryLeak> From(IEnumerable<LiveBlocks.Record> records, bool isAbandoned)
    {
        UsageTable table = UsageTable.Of(records);
        return
        [
            .. from row in table.Rows
               group row by (row.FilePath, row.Line, Site: table.SiteOf(row), row.TypeName, row.AllocatorName) into part
               select new NativeMemoryLeak(
                   part.Key.Site,
                   part.Key.FilePath,
                   part.Key.Line,
                   part.Key.TypeName,
                   part.Key.AllocatorName,
                   part.Sum(static row => row.BlockCount),
                   part.Sum(static row => row.ByteCount),
                   isAbandoned),
        ];
    }
}
