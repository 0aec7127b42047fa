using NativeBuffers.Analyzers.CodeFixes;
using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.CodeFixes;

public sealed class MoveInsteadOfCopyTests
{
    public static TheoryData<string, string> Fixes => new()
    {
        {
            "var b = NativeBuffer.Create<int>(n); using var d = {|NB0005:b|}; d[0] = 1;",
            "var b = NativeBuffer.Create<int>(n); using var d = b.Move(); d[0] = 1;"
        },
        {
            "var b = NativeBuffer.Create<int>(n); NativeBuffer<int> d = default; d = {|NB0005:b|}; d.Dispose();",
            "var b = NativeBuffer.Create<int>(n); NativeBuffer<int> d = default; d = b.Move(); d.Dispose();"
        },
        {
            "var b = NativeBuffer.Create<int>(n); Take({|NB0005:b|}); static void Take(NativeBuffer<int> given) => given.Dispose();",
            "var b = NativeBuffer.Create<int>(n); Take(b.Move()); static void Take(NativeBuffer<int> given) => given.Dispose();"
        },
        {
            "var b = NativeBuffer.Create<int>(n); using var d = {|NB0005:b|}; var e = NativeBuffer.Create<int>(n); using var f = {|NB0005:e|};",
            "var b = NativeBuffer.Create<int>(n); using var d = b.Move(); var e = NativeBuffer.Create<int>(n); using var f = e.Move();"
        },
        {
            """
            var b = NativeBuffer.Create<int>(n);
                    using ({|NB0005:b|})
                    {
                        b.Resize(2 * n);
                        b[0] = 1;
                    }

                    Work();
            """,
            """
            var b = NativeBuffer.Create<int>(n);
                    using (var bOwned = b.Move())
                    {
                        bOwned.Resize(2 * n);
                        bOwned[0] = 1;
                    }

                    Work();
            """
        },
        {
            """
            if (c)
                    {
                        var b = NativeBuffer.Create<int>(n);
                        using ({|NB0005:b|})
                        {
                            b.Resize(2 * n);
                            b[0] = 1;
                        }
                    }
            """,
            """
            if (c)
                    {
                        var b = NativeBuffer.Create<int>(n);
                        using var bOwned = b.Move();
                        bOwned.Resize(2 * n);
                        bOwned[0] = 1;
                    }
            """
        },
    };

    [Theory]
    [MemberData(nameof(Fixes))]
    public Task The_owner_is_handed_over(string before, string after) =>
        Fixed<OwnershipAnalyzer, MoveInsteadOfCopy>.CheckAsync("NB0005", Shape.Program(before), Shape.Program(after));

    /// <summary>There is no <c>Move</c>, or the variable must not change.</summary>
    [Theory]
    [InlineData("using var a = NativeArena.Create(); var d = {|NB0005:a|};")]
    [InlineData("static void Take(in NativeBuffer<int> b) { using var d = {|NB0005:b|}; }")]
    [InlineData("static void Grow(in NativeBuffer<int> b) => {|NB0005:b|}.Resize(8);")]
    public Task There_is_no_fix(string body) =>
        Fixed<OwnershipAnalyzer, MoveInsteadOfCopy>.CheckAsync("NB0005", Shape.Program(body), Shape.Program(body));
}
