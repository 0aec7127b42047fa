using Microsoft.CodeAnalysis.CSharp;

namespace NativeBuffers.Tests.CompileFail;

/// <summary>A sample can fail: its expectation and the compiler's output are compared.</summary>
[Slow]
public sealed class SampleTests
{
    private const string Legal = """
        static class Program
        {
            static int First()
            {
                using var buffer = NativeBuffer.Create<int>(3);
                return buffer[0];
            }
        }
        """;

    private const string Illegal = """
        static class Program
        {
            static Span<int> All()
            {
                using var buffer = NativeBuffer.Create<int>(3);
                return buffer.AsSpan();
            }
        }
        """;

    [Fact]
    public void Only_a_marker_is_read_with_its_line()
    {
        var sample = new Sample("", "int x; // error CS0001, error CS0002\r\nerror CS0003();\r\n// warning CS0004\r\n// CS0005");
        Assert.Equal(["line 1: error CS0001", "line 1: error CS0002", "line 3: warning CS0004"], sample.Expected);
    }

    [Fact]
    public void A_legal_program_that_should_be_refused_fails() =>
        Assert.NotEqual(new Sample("", Legal.Replace("[0];", "[0]; // error CS8352", StringComparison.Ordinal)).Expected, Compile(Legal));

    [Fact]
    public void An_illegal_program_is_reported_with_number_and_line()
    {
        Assert.Equal(["line 6: error CS8168"], Compile(Illegal));
        Assert.Equal(new Sample("", Illegal.Replace("AsSpan();", "AsSpan(); // error CS8168", StringComparison.Ordinal)).Expected, Compile(Illegal));
        Assert.NotEqual(new Sample("", Illegal.Replace("AsSpan();", "AsSpan(); // error CS8352", StringComparison.Ordinal)).Expected, Compile(Illegal));
        Assert.NotEqual(new Sample("", Illegal.Replace("(3);", "(3); // error CS8168", StringComparison.Ordinal)).Expected, Compile(Illegal));
    }

    [Fact]
    public void A_warning_is_reported_too() =>
        Assert.Equal(["line 5: warning CS0219"], Compile(Legal.Replace("using var buffer", "int unused = 3; using var buffer", StringComparison.Ordinal)));

    [Fact]
    public void A_mistake_that_only_code_generation_finds_is_reported_too() =>
        Assert.Contains(
            "line 6: error CS4007",
            Compile(Legal.Replace("static int First", "static async Task<int> First", StringComparison.Ordinal)
                .Replace("return", "await Task.Yield(); return", StringComparison.Ordinal)));

    [Fact]
    public void No_folder_of_samples_is_empty() =>
        Assert.All(["Refused", "Accepted", "Unseen", "Unsafe"], folder => Assert.NotEmpty(Sample.NamesIn(folder)));

    private static IReadOnlyList<string> Compile(string program) =>
        SampleCompiler.Compile(program, LanguageVersion.Preview, allowUnsafe: false);
}
