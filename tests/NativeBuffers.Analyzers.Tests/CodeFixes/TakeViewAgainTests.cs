using NativeBuffers.Analyzers.CodeFixes;
using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.CodeFixes;

public sealed class TakeViewAgainTests
{
    public static TheoryData<string, string> Fixes => new()
    {
        {
            """
            using var b = NativeBuffer.Create<int>(n);
                    Span<int> s = b.AsSpan();
                    b.Resize(2 * n);
                    {|NB0004:s[0]|} = 1;
            """,
            """
            using var b = NativeBuffer.Create<int>(n);
                    Span<int> s = b.AsSpan();
                    b.Resize(2 * n);
                    s = b.AsSpan();
                    s[0] = 1;
            """
        },
        {
            """
            using var l = new NativeList<int>();
                    l.Add(1);
                    var s = l.AsSpan(0, 1);
                    if (c)
                    {
                        l.Add(2);
                    }

                    return {|NB0004:s[0]|};
            """,
            """
            using var l = new NativeList<int>();
                    l.Add(1);
                    var s = l.AsSpan(0, 1);
                    if (c)
                    {
                        l.Add(2);
                        s = l.AsSpan(0, 1);
                    }

                    return s[0];
            """
        },
        {
            """
            using var b = NativeBuffer.Create<int>(n);
                    Span<int> s = b.AsSpan();
                    b.Resize(2 * n); // Twice as many.
                    {|NB0004:s[0]|} = 1;
                    using var d = NativeBuffer.Create<int>(n);
                    Span<int> t = d.AsSpan();
                    d.Resize(2 * n);
                    {|NB0004:t[0]|} = 1;
            """,
            """
            using var b = NativeBuffer.Create<int>(n);
                    Span<int> s = b.AsSpan();
                    b.Resize(2 * n); // Twice as many.
                    s = b.AsSpan();
                    s[0] = 1;
                    using var d = NativeBuffer.Create<int>(n);
                    Span<int> t = d.AsSpan();
                    d.Resize(2 * n);
                    t = d.AsSpan();
                    t[0] = 1;
            """
        },
    };

    [Theory]
    [MemberData(nameof(Fixes))]
    public Task The_span_is_taken_again(string before, string after) =>
        Fixed<OwnershipAnalyzer, TakeViewAgain>.CheckAsync("NB0004", Shape.Program(before), Shape.Program(after));

    [Theory]
    [InlineData("var b = NativeBuffer.Create<int>(n); Span<int> s = b.AsSpan(); b.Dispose(); {|NB0004:s[0]|} = 1;")]
    public Task There_is_no_fix_after_the_end(string body) =>
        Fixed<OwnershipAnalyzer, TakeViewAgain>.CheckAsync("NB0004", Shape.Program(body), Shape.Program(body));
}
