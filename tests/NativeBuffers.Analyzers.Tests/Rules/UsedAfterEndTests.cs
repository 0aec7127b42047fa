using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.Rules;

/// <summary>NB0002.</summary>
public sealed class UsedAfterEndTests
{
    public static TheoryData<string> Wrong =>
    [
        "var b = NativeBuffer.Create<int>(n); b.Dispose(); {|NB0002:b[0]|} = 1;",
        "var b = NativeBuffer.Create<int>(n); b.Dispose(); {|NB0002:b.AsSpan()|}.Clear();",
        "var b = NativeBuffer.Create<int>(n); b.Dispose(); {|NB0002:b.Fill(1)|};",
        "var b = NativeBuffer.Create<int>(n); b.Dispose(); {|NB0002:b.Resize(4)|};",
        "var b = NativeBuffer.Create<int>(n); b.Dispose(); Look({|NB0002:b|});",
        "var b = NativeBuffer.Create<int>(n); b.Dispose(); Read({|NB0002:b|});",
        "var b = NativeBuffer.Create<int>(n); b.Dispose(); unsafe { int* p = {|NB0002:b.Pointer|}; }",
        "var b = NativeBuffer.Create<int>(n); using var d = b.Move(); {|NB0002:b[0]|} = 1;",
        "var b = NativeBuffer.Create<int>(n); using var d = b.Move(); using var e = {|NB0002:b.Move()|};",
        "var b = NativeBuffer.Create<int>(n); using var d = b.ToOwner(); {|NB0002:b.Clear()|};",
        "var b = NativeBuffer.Create<int>(n); if (c) b.Dispose(); {|NB0002:b[0]|} = 1; if (!c) b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); do { {|NB0002:b[0]|} = 1; {|NB0003:b.Dispose()|}; } while (Condition());",
        "var b = NativeBuffer.Create<int>(n); End(ref b); {|NB0002:b[0]|} = 1;",
        "var b = NativeBuffer.Create<int>(n); Take(b.Move()); {|NB0002:b[0]|} = 1;",
        "var b = NativeBuffer.Create<int>(n); try { b[0] = 1; } finally { b.Dispose(); } {|NB0002:b[0]|} = 2;",
        "var b = NativeBuffer.Create<int>(n); using (b) { b[0] = 1; } {|NB0002:b[0]|} = 2;",
        "var l = new ScratchList<int>(stackalloc int[4]); l.Dispose(); {|NB0002:l.Add(1)|};",
        "var a = NativeArena.Create(); a.Dispose(); {|NB0002:a.Allocate<int>(4)|};",
        "var o = NativeMemoryOwner<int>.Create(n); o.Dispose(); {|NB0002:o.Resize(4)|};",
        "var o = NativeMemoryOwner<int>.Create(n); o.Dispose(); using var k = {|NB0002:o.Borrow()|};",
        "var o = NativeMemoryOwner<int>.Create(n); using var d = o.Move(); {|NB0002:o.GetSpan()|}.Clear();",
        "var o = NativeMemoryOwner<int>.Create(n); using var d = o.MoveAs<byte>(); {|NB0002:o.GetSpan()|}.Clear();",
        "var l = new NativeList<int>(); l.Dispose(); {|NB0002:l.Add(1)|};",
        "var o = NativeMemoryOwner<int>.Create(n); using var l = NativeList.FromOwner(o); {|NB0002:o.Resize(4)|};",
        "NativeBuffer<int> b = [1, 2]; b.Dispose(); {|NB0002:b[0]|} = 1;",
        "var l = new NativeList<int>(); l.Dispose(); foreach (int x in {|NB0002:l|}) Work();",
        "var o = NativeMemoryOwner<int>.Create(n); var d = o; o.Dispose(); {|NB0002:d.Resize(4)|};",
        "var o = NativeMemoryOwner<int>.Create(n); EndOwner(o); {|NB0002:o.Resize(4)|};",
        "unsafe { var o = NativeMemoryOwner<int>.Create(n, NativeAllocator.Malloc); int* p = o.Release(); {|NB0002:o.Resize(4)|}; "
            + "System.Runtime.InteropServices.NativeMemory.Free(p); }",
        "return 0; } static NativeBuffer<int> F() { using var b = NativeBuffer.Create<int>(1); return {|NB0002:b|}; } static int G() {",
        "return 0; } class Keeper { readonly NativeMemoryOwner<int> _o = NativeMemoryOwner<int>.Create(1); public void F() { var p = _o; p.Dispose(); "
            + "{|NB0002:_o.Resize(2)|}; } } static int G() {",
        "using var o = NativeMemoryOwner<int>.Create(n); var h = o.Pin(); h.Dispose(); unsafe { void* p = {|NB0002:h.Pointer|}; }",
        "var o = NativeMemoryOwner<int>.Create(n); End(o); {|NB0002:o.Resize(4)|}; void End(NativeMemoryOwner<int> a) { using (a) { if (c) Work(); } }",
        "using var o = NativeMemoryOwner<int>.Create(n); var k = o.Borrow(); if (c) k.Dispose(); if (k.Length >= 0) {|NB0002:k[0]|} = 1; if (!c) k.Dispose();",
        "return 0; } class Keeper(NativeMemoryOwner<int> o) { public void F() { o.Dispose(); {|NB0002:o.Clear()|}; } } static int G() {",
    ];

    public static TheoryData<string> Right =>
    [
        "using var o = NativeMemoryOwner<int>.Create(n); var k = o.Borrow(); if (c) k.Dispose(); if (k.Length > 0) k[0] = 1; if (!c) k.Dispose();",
        "var b = NativeBuffer.Create<int>(n); b[0] = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); b.Dispose(); b = NativeBuffer.Create<int>(n); b[0] = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); b.Dispose(); if (!b.IsDisposed) b[0] = 1;",
        "var b = NativeBuffer.Create<int>(n); b.Dispose(); return b.Length;",
        "var b = NativeBuffer.Create<int>(n); if (c) b.Dispose(); if (!c) b[0] = 1; if (!c) b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); if (c) b.Dispose(); else { b[0] = 1; b.Dispose(); }",
        "var b = NativeBuffer.Create<int>(n); if (Condition()) b.Dispose(); if (!b.IsDisposed) { b[0] = 1; b.Dispose(); }",
        "var b = NativeBuffer.Create<int>(n); using var d = b.Move(); b.Resize(3); b[0] = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); using var d = b.Move(); if (!b.IsEmpty) b[0] = 1;",
        "var b = NativeBuffer.Create<int>(n); Change(ref b); b[0] = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); Grow(ref b); b[0] = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); Sum(b); b[0] = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); Lend(b); b[0] = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); b.Dispose(); Change(ref b);",
        "var b = NativeBuffer.Create<int>(n); while (true) { if (Condition()) { b.Dispose(); return 1; } b[0] = 1; }",
        "var b = NativeBuffer.Create<int>(n); if (c) { b.Dispose(); return 1; } b[0] = 1; b.Dispose();",
        "var o = NativeMemoryOwner<int>.Create(n); o.Dispose(); o = NativeMemoryOwner<int>.Create(n); o.Resize(3); o.Dispose();",
        "var o = NativeMemoryOwner<int>.Create(n); o.Dispose(); Anything(o);",
        "var o = NativeMemoryOwner<int>.Create(n); o.Dispose(); GC.KeepAlive(o);",
        "NativeMemoryOwner<int>? o = NativeMemoryOwner<int>.Create(n); o.Dispose(); o = null; if (o != null) o.Resize(3);",
        "NativeMemoryOwner<int>? o = NativeMemoryOwner<int>.Create(n); Interlocked.Exchange(ref o, null)?.Dispose(); o = "
            + "NativeMemoryOwner<int>.Create(n); o.Dispose();",
        "var o = NativeMemoryOwner<int>.Create(n); Assert.Throws(() => { o.Dispose(); o.Resize(4); }); return 0; } static class Assert { public "
            + "static void Throws(Action a) { } } static int Rest() {",
        "var o = NativeMemoryOwner<int>.Create(n); using (var k = o.Borrow()) { o.Dispose(); k[0] = 1; }",
        "NativeBuffer<int> b = default; b.Resize(3); b[0] = 1; b.Dispose();",
        "foreach (var o in new[] { Cached, Cached }) { o.Resize(2); o.Dispose(); }",
        "return 0; } class Keeper(NativeMemoryOwner<int> o) { public void F() { o.Dispose(); Work(); o.Clear(); } } static int G() {",
    ];

    [Theory]
    [MemberData(nameof(Wrong))]
    public Task Reported(string body) => Shape.CheckAsync(body);

    [Theory]
    [MemberData(nameof(Right))]
    public Task Silent(string body) => Shape.CheckAsync(body);
}
