using Microsoft.CodeAnalysis.CSharp;

namespace NativeBuffers.Tests.CompileFail;

/// <summary>Programs that the compiler must refuse, and programs that it must accept.</summary>
/// <remarks>To add a case, add a file to a folder in <c>Samples</c>.</remarks>
[Slow]
public sealed class LifetimeTests
{
    /// <summary>The compiler of the tests calls the language of .NET 10 its preview; many users still have the one before.</summary>
    private static readonly LanguageVersion[] s_languages = [LanguageVersion.CSharp13, LanguageVersion.Preview];

    public static TheoryData<string> Refused => [.. Sample.NamesIn("Refused")];

    public static TheoryData<string> Accepted => [.. Sample.NamesIn("Accepted")];

    public static TheoryData<string> Unseen => [.. Sample.NamesIn("Unseen")];

    public static TheoryData<string> Unsafe => [.. Sample.NamesIn("Unsafe")];

    [Theory]
    [MemberData(nameof(Refused))]
    public void The_compiler_refuses(string name)
    {
        var sample = Sample.Load(name);
        Assert.NotEmpty(sample.Expected);
        AssertSaid(sample, allowUnsafe: false, IsError);
    }

    [Theory]
    [MemberData(nameof(Accepted))]
    public void The_compiler_accepts_without_a_word(string name)
    {
        var sample = Sample.Load(name);
        Assert.Empty(sample.Expected);
        AssertSaid(sample, allowUnsafe: false, static _ => true);
    }

    /// <summary>Mistakes that the compiler lets pass: the warning in the documentation is true as long as this test passes.</summary>
    [Theory]
    [MemberData(nameof(Unseen))]
    public void The_compiler_does_not_see(string name) => The_compiler_accepts_without_a_word(name);

    [Theory]
    [MemberData(nameof(Unsafe))]
    public void In_an_unsafe_context_the_compiler_warns_at_most(string name)
    {
        var sample = Sample.Load(name);
        Assert.DoesNotContain(sample.Expected, IsError);
        AssertSaid(sample, allowUnsafe: true, static _ => true);
    }

    private static bool IsError(string said) => said.Contains("error", StringComparison.Ordinal);

    private static void AssertSaid(Sample sample, bool allowUnsafe, Func<string, bool> matters)
    {
        foreach (LanguageVersion language in s_languages)
        {
            Assert.Equal(sample.Expected, SampleCompiler.Compile(sample.Text, language, allowUnsafe).Where(matters));
        }
    }
}
