using NativeBuffers.Instrumentation;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>Live blocks, or more and less of them, grouped in several ways. The most bytes come first.</summary>
internal sealed class UsageTable
{
    /// <summary>What is said of the type of a block that has no elements.</summary>
    public const string BareBlock = "(bare block)";

    /// <summary>What is said of a type where nobody told it.</summary>
    public const string UnknownType = "(unknown)";

    private UsageTable(IReadOnlyList<UsageRow> rows)
    {
        Rows = rows;
        Names = new SiteNames(rows.Select(static row => row.Site));
        Sites =
        [
            .. from row in rows
               group row by row.Site into part
               let site = new NativeMemorySite(
                   Names.NameOf(part.Key), part.Key.FilePath, part.Key.Line, part.Sum(static row => row.BlockCount), part.Sum(static row => row.ByteCount))
               where site is not { BlockCount: 0, ByteCount: 0 }
               orderby site.ByteCount descending, site.Name
               select site,
        ];
        Types = GroupBy(static row => row.TypeName);
        Allocators = GroupBy(static row => row.AllocatorName);
    }

    public IReadOnlyList<UsageRow> Rows { get; }

    public SiteNames Names { get; }

    public IReadOnlyList<NativeMemorySite> Sites { get; }

    public IReadOnlyList<NativeMemoryGroup> Types { get; }

    public IReadOnlyList<NativeMemoryGroup> Allocators { get; }

    public long BlockCount => Rows.Sum(static row => row.BlockCount);

    public long ByteCount => Rows.Sum(static row => row.ByteCount);

    /// <summary>What there is.</summary>
    public static UsageTable Of(IEnumerable<BlockRecord> records) => new(
        [
            .. from record in records
               group record by (record.AllocationSiteId, record.StackId, record.AllocatorId) into part
               let site = AllocationSite.FromId(part.Key.AllocationSiteId)
               let stack = CallStacks.FromId(part.Key.StackId)
               orderby part.Sum(static record => record.ByteCount) descending
               select new UsageRow(
                   site.Line > 0 ? new Site(site.File, site.Line, string.Empty) : stack.Site,
                   TypeNameOf(site),
                   AllocatorNames.NameOf(part.Key.AllocatorId),
                   stack,
                   part.Count(),
                   part.Sum(static record => record.ByteCount)),
        ]);

    /// <summary>What there is more here than there, and less.</summary>
    public UsageTable Minus(UsageTable other) => new(
        [
            .. from row in Rows.Concat(other.Rows.Select(static row => row with { BlockCount = -row.BlockCount, ByteCount = -row.ByteCount }))
               group row by (row.Site, row.TypeName, row.AllocatorName, row.Stack) into part
               let change = part.First() with { BlockCount = part.Sum(static row => row.BlockCount), ByteCount = part.Sum(static row => row.ByteCount) }
               where change is not { BlockCount: 0, ByteCount: 0 }
               orderby change.ByteCount descending
               select change,
        ]);

    private static string TypeNameOf(AllocationSite site) => site.TypeName ?? (site.Line > 0 ? BareBlock : UnknownType);

    private IReadOnlyList<NativeMemoryGroup> GroupBy(Func<UsageRow, string> nameOf) =>
    [
        .. from row in Rows
           group row by nameOf(row) into part
           let all = new NativeMemoryGroup(part.Key, part.Sum(static row => row.BlockCount), part.Sum(static row => row.ByteCount))
           where all is not { BlockCount: 0, ByteCount: 0 }
           orderby all.ByteCount descending, all.Name
           select all,
    ];
}
