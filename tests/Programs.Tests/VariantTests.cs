namespace Programs.Tests;

/// <summary>All variants of a program do the same work.</summary>
public class VariantTests
{
    private static readonly string[] s_unchecked =
        ["unsafe", "Unsafe.", "stackalloc", "fixed (", "MemoryMarshal", "NativeMemory.", "LoadUnsafe", ".Pointer"];

    private static readonly string[] s_safeSources =
    [
        "BinaryTrees/SafeTrees.cs", "BinaryTrees/ReferenceTrees.cs", "BinaryTrees/Forest.cs", "BinaryTrees/IndexNode.cs", "Rows/SafeRows.cs",
        "Rows/Tally.cs", "Rows/Row.cs", "Csv/CsvReader.cs", "JsonLines/JsonReader.cs", "Kmers/SafeKmers.cs", "Kmers/Table.cs", "Kmers/Kmer.cs",
    ];

    public static TheoryData<string> Names => [.. WholeProgram.All.Select(static program => program.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void All_variants_give_the_same_answer(string name)
    {
        WholeProgram program = WholeProgram.All.Single(each => each.Name == name);
        foreach (int size in (int[])[1, 2, 11, program.SmallSize])
        {
            byte[] input = program.Input(size);
            string[] answers = [.. program.Variants.Select(variant => variant.Run(input, size))];
            Assert.NotEmpty(answers[0]);
            Assert.All(answers, answer => Assert.Equal(answers[0], answer));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_answer_depends_on_the_size_and_an_input_does_not_change(string name)
    {
        WholeProgram program = WholeProgram.All.Single(each => each.Name == name);
        string Answer(int size) => program.Variants[0].Run(program.Input(size), size);
        Assert.Equal(Answer(program.SmallSize), Answer(program.SmallSize));
        Assert.NotEqual(Answer(program.SmallSize), Answer(program.SmallSize + 4));
    }

    [Fact]
    public void A_known_tree_is_counted() =>
        Assert.StartsWith("stretch tree of depth 9: 1023\n", WholeProgram.All[0].Variants[0].Run([], 8), StringComparison.Ordinal);

    [Fact]
    public void Known_rows_give_a_known_answer() =>
        Assert.StartsWith(
            "2 rows, 705 cents, 1 rows above the mean, ",
            WholeProgram.All[1].Variants[0].Run("ab,1.05,1\nc,2.00,3\n"u8.ToArray(), 2),
            StringComparison.Ordinal);

    [Fact]
    public void The_safe_sources_name_no_unchecked_member()
    {
        string[] files = [.. s_safeSources.Select(static file => File.ReadAllText(Path.Combine(SourceFolder, file)))];
        Assert.All(files, file => Assert.All(s_unchecked, word => Assert.DoesNotContain(word, file, StringComparison.Ordinal)));
    }

    private static string SourceFolder => Repository.Absolute("benchmarks/Programs");
}
