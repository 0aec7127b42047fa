using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.Rules;

/// <summary>NB0009.</summary>
public sealed class NotKeptAliveTests
{
    public static TheoryData<string> Wrong =>
    [
        "var s = {|NB0001:NativeMemoryOwner<int>.Create(n)|}.Memory.Span; {|NB0009:s[0]|} = 1;",
        "{|NB0009:{|NB0001:NativeMemoryOwner<int>.Create(n)|}.Memory.Span[0]|} = 1;",
        "var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; var s = o.GetSpan(); {|NB0009:s[0]|} = 1;",
        "var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; {|NB0009:o.GetSpan().Clear()|};",
        "var l = {|NB0001:new NativeList<int>()|}; l.Add(1); foreach (ref int x in {|NB0009:l.AsSpan()|}) {|NB0009:x|} = 1;",
        "using var l = new NativeList<int>(); var d = {|NB0001:new NativeList<int>()|}; l.AddRange({|NB0009:d.AsSpan()|});",
        "var p = {|NB0001:NativeMemoryPool<int>.Shared.RentBuffer(n)|}; var s = p.AsSpan(); {|NB0009:s[0]|} = 1;",
        "var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; var s = o.GetSpan(); o = null!; Work(); {|NB0009:s[0]|} = 1;",
        "var o = {|NB0001:MakeOwner(n)|}; Read({|NB0009:o.GetSpan()|});",
    ];

    public static TheoryData<string> Right =>
    [
        "using var o = NativeMemoryOwner<int>.Create(n); o.GetSpan()[0] = 1;",
        "var o = NativeMemoryOwner<int>.Create(n); var s = o.GetSpan(); s[0] = 1; o.Dispose();",
        "var o = NativeMemoryOwner<int>.Create(n); var s = o.GetSpan(); s[0] = 1; GC.KeepAlive(o);",
        "var o = NativeMemoryOwner<int>.Create(n); var s = o.GetSpan(); Anything(o); s[0] = 1;",
        "var s = Cached.GetSpan(); s[0] = 1;",
        "using var l = new NativeList<int>(); foreach (ref int x in l.AsSpan()) x = 1;",
        "using var l = new NativeList<int>(); using var d = new NativeList<int>(); l.AddRange(d);",
        "using var o = NativeMemoryOwner<int>.Create(n); using var k = o.Borrow(); k.Span[0] = 1;",
        "return 0; } static void F(NativeMemoryOwner<int> o) { var s = o.GetSpan(); s[0] = 1; } static int G() {",
        "return 0; } static NativeMemoryOwner<int>? _o; static void F() { _o = NativeMemoryOwner<int>.Create(1); var s = _o.GetSpan(); s[0] = 1; } "
            + "static int G() {",
    ];

    [Theory]
    [MemberData(nameof(Wrong))]
    public Task Reported(string body) => Shape.CheckAsync(body);

    [Theory]
    [MemberData(nameof(Right))]
    public Task Silent(string body) => Shape.CheckAsync(body);
}
