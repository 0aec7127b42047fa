using NativeBuffers.Diagnostics.Tracking;

namespace NativeBuffers;

/// <summary>Blocks that were lost: alike in all but their addresses and sizes.</summary>
/// <param name="Site">Where they were allocated: <c>File.cs:12</c>, or the method where the line is not known.</param>
/// <param name="FilePath">As the compiler knew it; empty if unknown.</param>
/// <param name="Line">From 1; 0 if unknown.</param>
/// <param name="TypeName">
/// What their elements are; <c>(bare block)</c> if they have none, and <c>(unknown)</c> where a process without tracking does not tell.
/// </param>
/// <param name="AllocatorName">Where they come from.</param>
/// <param name="BlockCount">How many blocks.</param>
/// <param name="ByteCount">What they have, in bytes.</param>
/// <param name="IsAbandoned">
/// Whether their owner was forgotten, so that a finalizer freed them, or the end of its thread; otherwise they are still alive.
/// </param>
public sealed record NativeMemoryLeak(
    string Site, string FilePath, int Line, string TypeName, string AllocatorName, long BlockCount, long ByteCount, bool IsAbandoned)
{
    /// <summary>One sentence that says it all.</summary>
    public override string ToString() =>
        $"{ByteCount:N0} bytes in {BlockCount:N0} {(BlockCount == 1 ? "block" : "blocks")}{OfType}, allocated at {Site} from {AllocatorName}: "
        + (IsAbandoned ? "never disposed, and freed by a finalizer or when the thread had ended." : "still alive.");

    private string OfType => TypeName is UsageTable.UnknownType or UsageTable.BareBlock ? "" : $" of {TypeName}";

    internal static IReadOnlyList<NativeMemoryLeak> From(IEnumerable<BlockRecord> records, bool isAbandoned)
    {
        UsageTable table = UsageTable.Of(records);
        return
        [
            .. from row in table.Rows
               group row by (row.Site, row.TypeName, row.AllocatorName) into part
               select new NativeMemoryLeak(
                   table.Names.NameOf(part.Key.Site),
                   part.Key.Site.FilePath,
                   part.Key.Site.Line,
                   part.Key.TypeName,
                   part.Key.AllocatorName,
                   part.Sum(static row => row.BlockCount),
                   part.Sum(static row => row.ByteCount),
                   isAbandoned),
        ];
    }
}
