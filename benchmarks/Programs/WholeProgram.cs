using Programs.BinaryTrees;
using Programs.Csv;
using Programs.JsonLines;
using Programs.Kmers;
using Programs.Rows;

namespace Programs;

/// <summary>A program that is written in several ways.</summary>
/// <param name="Name">As the command line names it.</param>
/// <param name="Unit">The meaning of the size.</param>
/// <param name="Size">The size that is measured by default.</param>
/// <param name="SmallSize">The size of a run that brings the code through the compiler, and of tests.</param>
/// <param name="LargestSize">The largest size that the program allows.</param>
/// <param name="Input">Makes the input of a size. The same size gives the same bytes.</param>
/// <param name="Variants">The first one is safe code on this library.</param>
internal sealed record WholeProgram(
    string Name, string Unit, int Size, int SmallSize, int LargestSize, Func<int, byte[]> Input, IReadOnlyList<Variant> Variants)
{
    /// <summary>Safe code on this library.</summary>
    public const string Safe = "safe";

    /// <summary>Objects and strings on the managed heap.</summary>
    public const string Classes = "classes";

    /// <summary>Arrays of the shared pool, and lists of structs.</summary>
    public const string Pooled = "pooled";

    /// <summary>Blocks of the C library at raw pointers.</summary>
    public const string Raw = "raw";

    public static IReadOnlyList<WholeProgram> All { get; } =
    [
        new("binary-trees", "depth", 18, 8, 22, static _ => [],
        [
            new(Safe, static (_, depth) => Forest.Grow<SafeTrees>(depth)),
            new(Classes, static (_, depth) => Forest.Grow<ClassTrees>(depth)),
            new(Pooled, static (_, depth) => Forest.Grow<ListTrees>(depth)),
            new(Raw, static (_, depth) => Forest.Grow<RawTrees>(depth)),
            new("safe, references", static (_, depth) => Forest.Grow<ReferenceTrees>(depth)),
            new("arena, pointers", static (_, depth) => Forest.Grow<ArenaTrees>(depth)),
        ]),
        new("csv", "rows", 1_000_000, 5000, 20_000_000, CsvInput.Make,
        [
            new(Safe, static (input, _) => CsvReader.Run<SafeRows>(input)),
            new(Classes, static (input, _) => TextCsv.Run(input)),
            new(Pooled, static (input, _) => CsvReader.Run<ListRows>(input)),
            new(Raw, static (input, _) => RawCsv.Run(input)),
        ]),
        new("k-mers", "bases", 2_000_000, 20_000, 100_000_000, KmerInput.Make,
        [
            new(Safe, static (input, _) => SafeKmers.Run(input)),
            new(Classes, static (input, _) => ClassKmers.Run(input)),
            new(Pooled, static (input, _) => PooledKmers.Run(input)),
            new(Raw, static (input, _) => RawKmers.Run(input)),
        ]),
        new("json-lines", "lines", 200_000, 2000, 5_000_000, JsonInput.Make,
        [
            new(Safe, static (input, _) => JsonReader.Run<SafeRows>(input)),
            new(Classes, static (input, _) => TextJson.Run(input)),
            new(Pooled, static (input, _) => JsonReader.Run<ListRows>(input)),
            new(Raw, static (input, _) => JsonReader.Run<RawRows>(input)),
        ]),
    ];
}
