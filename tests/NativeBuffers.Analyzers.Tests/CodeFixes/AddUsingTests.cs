using NativeBuffers.Analyzers.CodeFixes;
using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.CodeFixes;

public sealed class AddUsingTests
{
    public static TheoryData<string, string> Fixes => new()
    {
        {
            "var b = {|NB0001:NativeBuffer.Create<int>(n)|}; b[0] = 1;",
            "using var b = NativeBuffer.Create<int>(n); b[0] = 1;"
        },
        {
            "NativeBuffer<int> b = {|NB0001:NativeBuffer.Create<int>(n)|}; if (c) return b[0]; b.Dispose();",
            "using NativeBuffer<int> b = NativeBuffer.Create<int>(n); if (c) return b[0]; b.Dispose();"
        },
        {
            """
            // Two owners.
                    var a = {|NB0001:NativeArena.Create()|};
                    var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|};
                    a.Allocate<int>(n)[0] = (int)o.Length;
            """,
            """
            // Two owners.
                    using var a = NativeArena.Create();
                    using var o = NativeMemoryOwner<int>.Create(n);
                    a.Allocate<int>(n)[0] = (int)o.Length;
            """
        },
        { "_ = {|NB0001:NativeBuffer.Create<int>(n)|};", "using var owner = NativeBuffer.Create<int>(n);" },
        {
            """
            Span<int> s = {|NB0001:NativeMemoryOwner<int>.Create(n)|}.Memory.Span;
                    s[0] = 1;
            """,
            """
            using var owner = NativeMemoryOwner<int>.Create(n);
                    Span<int> s = owner.Memory.Span;
                    s[0] = 1;
            """
        },
        {
            "var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; Parallel.For(0, n, i => o.GetSpan()[i] = i);",
            "using var o = NativeMemoryOwner<int>.Create(n); Parallel.For(0, n, i => o.GetSpan()[i] = i);"
        },
        {
            """
            // Two parts.
                    var t = ({|NB0001:NativeMemoryOwner<int>.Create(n)|}, 1);
                    t.Item1.Clear();
            """,
            """
            // Two parts.
                    using var owner = NativeMemoryOwner<int>.Create(n);
                    var t = (owner, 1);
                    t.Item1.Clear();
            """
        },
        { "var l = {|NB0001:new NativeList<int>()|}; l.Add(n); return l.Count;", "using var l = new NativeList<int>(); l.Add(n); return l.Count;" },
    };

    [Theory]
    [MemberData(nameof(Fixes))]
    public Task An_owner_is_declared_with_using(string before, string after) =>
        Fixed<OwnershipAnalyzer, AddUsing>.CheckAsync("NB0001", Shape.Program(before), Shape.Program(after));

    /// <summary>C# refuses <c>using</c> for a variable that is assigned. A returned owner must live on, and so must one in a collection.</summary>
    [Theory]
    [InlineData("var l = new List<NativeMemoryOwner<int>>(); for (int i = 0; i < n; i++) { l.Add({|NB0001:NativeMemoryOwner<int>.Create(i)|}); } l[0].Clear();")]
    [InlineData("List<NativeMemoryOwner<int>> l = []; if (c) { var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; l.Add(o); } l[0].Clear();")]
    [InlineData("(NativeMemoryOwner<int> o, int k) t; if (c) { t = ({|NB0001:NativeMemoryOwner<int>.Create(n)|}, 1); t.o.Clear(); }")]
    [InlineData("var b = {|NB0001:NativeBuffer.Create<int>(n)|}; b[0] = 1; b = {|NB0001:NativeBuffer.Create<int>(n)|}; b[0] = 1;")]
    [InlineData("var b = {|NB0001:NativeBuffer.Create<int>(n)|}; if (c) b.Dispose(); Change(ref b); static void Change(ref NativeBuffer<int> d) => d[0] = 1;")]
    public Task There_is_no_fix(string body) =>
        Fixed<OwnershipAnalyzer, AddUsing>.CheckAsync("NB0001", Shape.Program(body), Shape.Program(body));
}
