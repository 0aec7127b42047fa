using NativeBuffers.Analyzers.CodeFixes;
using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.CodeFixes;

public sealed class PassByInTests
{
    public static TheoryData<string, string> Fixes => new()
    {
        {
            "using var b = NativeBuffer.Create<int>(n); return First({|NB0005:b|}); static int First(NativeBuffer<int> given) => given[0];",
            "using var b = NativeBuffer.Create<int>(n); return First(b); static int First(in NativeBuffer<int> given) => given[0];"
        },
        {
            "using var b = NativeBuffer.Create<int>(n); return First({|NB0005:b|}) + First({|NB0005:b|}); static int First(NativeBuffer<int> d) => d[0];",
            "using var b = NativeBuffer.Create<int>(n); return First(b) + First(b); static int First(in NativeBuffer<int> d) => d[0];"
        },
    };

    [Theory]
    [MemberData(nameof(Fixes))]
    public Task The_owner_is_passed_by_in(string before, string after) =>
        Fixed<OwnershipAnalyzer, PassByIn>.CheckAsync("NB0005", Shape.Program(before), Shape.Program(after));

    [Theory]
    [InlineData("var b = NativeBuffer.Create<int>(n); Take({|NB0005:b|}); static void Take(NativeBuffer<int> given) => given.Dispose();")]
    [InlineData("using var b = NativeBuffer.Create<int>(n); using var d = {|NB0005:b|};")]
    public Task There_is_no_fix(string body) =>
        Fixed<OwnershipAnalyzer, PassByIn>.CheckAsync("NB0005", Shape.Program(body), Shape.Program(body));
}
