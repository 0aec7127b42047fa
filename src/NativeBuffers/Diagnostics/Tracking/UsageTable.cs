using NativeBuffers.Instrumentation;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>Live blocks, or the difference of two sets of them, grouped in several ways. The most bytes come first.</summary>
internal sealed class UsageTable
{
    /// <summary>The type name of a block without elements.</summary>
    public const string BareBlock = "(bare block)";

    /// <summary>The type name of a block whose type was not noted.</summary>
    public const string UnknownType = "(unknown)";

    private readonly HashSet<string> _sharedFileNames;

    private UsageTable(IReadOnlyList<Row> rows)
    {
        Rows = rows;
        _sharedFileNames =
        [
            .. from path in rows.Select(static row => row.FilePath).Distinct()
               group path by Path.GetFileName(path) into part
               where part.Count() > 1
               select part.Key,
        ];
        Sites =
        [
            .. from row in rows
               group row by (row.FilePath, row.Line, Name: SiteOf(row)) into part
               let site = new NativeMemorySite(part.Key.Name, part.Key.FilePath, part.Key.Line, Blocks(part), Bytes(part))
               where site is not { BlockCount: 0, ByteCount: 0 }
               orderby site.ByteCount descending, site.Name
               select site,
        ];
        Types = GroupBy(static row => row.TypeName);
        Allocators = GroupBy(static row => row.AllocatorName);
    }

    public IReadOnlyList<Row> Rows { get; }

    public IReadOnlyList<NativeMemorySite> Sites { get; }

    public IReadOnlyList<NativeMemoryGroup> Types { get; }

    public IReadOnlyList<NativeMemoryGroup> Allocators { get; }

    public long BlockCount => Blocks(Rows);

    public long ByteCount => Bytes(Rows);

    /// <summary>Groups live blocks.</summary>
    public static UsageTable Of(IEnumerable<LiveBlocks.Record> records) => new(
        [
            .. from record in records
               group record by (record.SiteId, record.StackId, record.AllocatorId) into part
               let site = AllocationSite.FromId(part.Key.SiteId)
               let stack = CallStack.FromId(part.Key.StackId)
               let byteCount = part.Sum(static record => record.ByteCount)
               orderby byteCount descending
               select new Row(
                   site.Line > 0 ? site.File : stack.FilePath,
                   site.Line > 0 ? site.Line : stack.Line,
                   site.TypeName ?? (site.Line > 0 ? BareBlock : UnknownType),
                   AllocatorNames.NameOf(part.Key.AllocatorId),
                   stack,
                   part.Count(),
                   byteCount),
        ]);

    /// <summary>The change from another table to this one. Growth is positive, and equal rows are left out.</summary>
    public UsageTable Minus(UsageTable other) => new(
        [
            .. from row in Rows.Concat(other.Rows.Select(static row => row with { BlockCount = -row.BlockCount, ByteCount = -row.ByteCount }))
               group row by row with { BlockCount = 0, ByteCount = 0 } into part
               let change = part.Key with { BlockCount = Blocks(part), ByteCount = Bytes(part) }
               where change is not { BlockCount: 0, ByteCount: 0 }
               orderby change.ByteCount descending
               select change,
        ]);

    /// <summary>The name of a row's site: <c>File.cs:12</c>, or the whole path if two files have this name; or the method.</summary>
    public string SiteOf(Row row)
    {
        string file = Path.GetFileName(row.FilePath);
        return file.Length > 0 ? $"{(_sharedFileNames.Contains(file) ? row.FilePath : file)}:{row.Line}"
            : row.Stack.Methods is [var method, ..] ? method
            : "(unknown)";
    }

    private static long Blocks(IEnumerable<Row> rows) => rows.Sum(static row => row.BlockCount);

    private static long Bytes(IEnumerable<Row> rows) => rows.Sum(static row => row.ByteCount);

    private IReadOnlyList<NativeMemoryGroup> GroupBy(Func<Row, string> nameOf) =>
    [
        .. from row in Rows
           group row by nameOf(row) into part
           let all = new NativeMemoryGroup(part.Key, Blocks(part), Bytes(part))
           where all is not { BlockCount: 0, ByteCount: 0 }
           orderby all.ByteCount descending, all.Name
           select all,
    ];

    /// <summary>Live blocks that differ in their addresses and sizes only.</summary>
    /// <param name="FilePath">The file that allocated them; empty if unknown.</param>
    /// <param name="Line">From 1; 0 if unknown.</param>
    /// <param name="TypeName">The type of their elements.</param>
    /// <param name="AllocatorName">The name of their allocator.</param>
    /// <param name="Stack">The calls that led to the allocation.</param>
    /// <param name="BlockCount">The number of blocks; in a difference, how many more.</param>
    /// <param name="ByteCount">The sum of their sizes, in bytes; in a difference, how many more.</param>
    internal sealed record Row(
        string FilePath, int Line, string TypeName, string AllocatorName, CallStack Stack, long BlockCount, long ByteCount);
}
