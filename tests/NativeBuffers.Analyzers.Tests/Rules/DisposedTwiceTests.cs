using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.Rules;

/// <summary>NB0003.</summary>
public sealed class DisposedTwiceTests
{
    public static TheoryData<string> Wrong =>
    [
        "var b = NativeBuffer.Create<int>(n); b.Dispose(); {|NB0003:b.Dispose()|};",
        "var b = NativeBuffer.Create<int>(n); b.Dispose(); Work(); {|NB0003:b.Dispose()|};",
        "var b = NativeBuffer.Create<int>(n); if (c) b.Dispose(); {|NB0003:b.Dispose()|};",
        "var b = NativeBuffer.Create<int>(n); b.Dispose(); if (c) {|NB0003:b.Dispose()|};",
        "var b = NativeBuffer.Create<int>(n); try { b.Dispose(); } finally { {|NB0003:b.Dispose()|}; }",
        "var b = NativeBuffer.Create<int>(n); try { Work(); b.Dispose(); } finally { {|NB0003:b.Dispose()|}; }",
        "var b = NativeBuffer.Create<int>(n); do {|NB0003:b.Dispose()|}; while (Condition());",
        "var b = NativeBuffer.Create<int>(n); for (int i = 0; i < 3; i++) { if (Condition()) {|NB0003:b.Dispose()|}; } if (!b.IsDisposed) b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); End(ref b); {|NB0003:b.Dispose()|};",
        "var b = NativeBuffer.Create<int>(n); using (b) { } {|NB0003:b.Dispose()|};",
        "var b = NativeBuffer.Create<int>(n); var d = {|NB0005:b|}; b.Dispose(); {|NB0003:d.Dispose()|};",
        "var l = new ScratchList<int>(stackalloc int[4]); l.Dispose(); {|NB0003:l.Dispose()|};",
        "var a = NativeArena.Create(); a.Dispose(); {|NB0003:a.Dispose()|};",
        "using var a = NativeArena.Create(); var s = a.BeginScope(); s.Dispose(); {|NB0003:s.Dispose()|};",
        "using var o = NativeMemoryOwner<int>.Create(n); var k = o.Borrow(); k.Dispose(); {|NB0003:k.Dispose()|};",
        "var o = NativeMemoryOwner<int>.Create(n); o.Dispose(); {|NB0003:o.Dispose()|};",
        "var o = NativeMemoryOwner<int>.Create(n); var d = o; o.Dispose(); {|NB0003:d.Dispose()|};",
        "var o = NativeMemoryOwner<int>.Create(n); IDisposable d = o; d.Dispose(); {|NB0003:o.Dispose()|};",
        "var o = NativeMemoryOwner<int>.Create(n); EndOwner(o); {|NB0003:o.Dispose()|};",
        "var l = new NativeList<int>(); l.Dispose(); {|NB0003:l.Dispose()|};",
        "var h = SafeMallocBuffer.Allocate(n); h.Dispose(); {|NB0003:h.Dispose()|};",
        "if (!NativeBuffer.TryCreate<int>(n, out var b)) return 1; b.Dispose(); {|NB0003:b.Dispose()|};",
    ];

    public static TheoryData<string> Right =>
    [
        "var b = NativeBuffer.Create<int>(n); b.Dispose();",
        "using var b = NativeBuffer.Create<int>(n); b.Dispose();",
        "using (var b = NativeBuffer.Create<int>(n)) { if (c) b.Dispose(); }",
        "var b = NativeBuffer.Create<int>(n); b.Dispose(); b = NativeBuffer.Create<int>(n); b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); if (c) b.Dispose(); if (!c) b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); if (c) b.Dispose(); else b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); if (Condition()) b.Dispose(); if (!b.IsDisposed) b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); using var d = b.Move(); b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); Take(b.Move()); b.Dispose();",
        "NativeBuffer<int> b = default; b.Dispose(); b.Dispose();",
        "while (Condition()) { var b = NativeBuffer.Create<int>(n); b.Dispose(); }",
        "NativeBuffer<int> b = default; while (Condition()) { b.Dispose(); b = NativeBuffer.Create<int>(n); } b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); try { Work(); b.Dispose(); } catch { b.Dispose(); throw; }",
        "var b = NativeBuffer.Create<int>(n); bool over = false; try { b.Dispose(); over = true; } finally { if (!over) b.Dispose(); }",
        "var b = NativeBuffer.Create<int>(n); if (c) { b.Dispose(); return 1; } b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); Change(ref b); b.Dispose();",
        "NativeMemoryOwner<int>? o = NativeMemoryOwner<int>.Create(n); o.Dispose(); o = null; o?.Dispose();",
        "NativeMemoryOwner<int>? o = c ? NativeMemoryOwner<int>.Create(n) : null; o?.Dispose();",
        "var o = NativeMemoryOwner<int>.Create(n); using (o) { o.Dispose(); }",
        "var o = NativeMemoryOwner<int>.Create(n); using var d = o.Move(); o.Dispose();",
        "var all = new List<NativeMemoryOwner<int>>(); foreach (var o in all) o.Dispose();",
        "var all = new NativeMemoryOwner<int>[2]; all[0].Dispose(); all[1].Dispose();",
        "var (x, y) = (NativeMemoryOwner<int>.Create(n), NativeMemoryOwner<int>.Create(n)); x.Dispose(); y.Dispose();",
        "var x = NativeMemoryOwner<int>.Create(n); var y = NativeMemoryOwner<int>.Create(n); (x, y) = (y, x); x.Dispose(); y.Dispose();",
        "using var a = NativeArena.Create(); using var s = a.BeginScope(); using var t = s.BeginScope();",
    ];

    [Theory]
    [MemberData(nameof(Wrong))]
    public Task Reported(string body) => Shape.CheckAsync(body);

    [Theory]
    [MemberData(nameof(Right))]
    public Task Silent(string body) => Shape.CheckAsync(body);
}
