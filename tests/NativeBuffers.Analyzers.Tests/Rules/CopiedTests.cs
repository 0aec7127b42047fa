using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.Rules;

/// <summary>NB0005.</summary>
public sealed class CopiedTests
{
    public static TheoryData<string> Wrong =>
    [
        "var b = NativeBuffer.Create<int>(n); var d = {|NB0005:b|}; d[0] = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); NativeBuffer<int> d; d = {|NB0005:b|}; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); NativeBuffer<int> d = c ? {|NB0005:b|} : default; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); Take({|NB0005:b|});",
        "using var b = NativeBuffer.Create<int>(n); Take({|NB0005:b|});",
        "NativeBuffer<int> b = default; Take({|NB0005:b|});",
        "var l = new ScratchList<int>(stackalloc int[4]); var d = {|NB0005:l|}; l.Dispose();",
        "using var a = NativeArena.Create(); var d = {|NB0005:a|};",
        "using var a = NativeArena.Create(); using var s = a.BeginScope(); var d = {|NB0005:s|};",
        "var b = NativeBuffer.Create<int>(n); using ({|NB0005:b|}) { b.Resize(4); }",
        "var b = NativeBuffer.Create<int>(n); using ({|NB0005:b|}) { if (c) b.Resize(4); }",
        "var b = NativeBuffer.Create<int>(n); using ({|NB0005:b|}) { using var d = b.Move(); }",
        "var l = new ScratchList<int>(stackalloc int[4]); using ({|NB0005:l|}) { l.Add(1); }",
        "return 0; } static void F(in NativeBuffer<int> b) => {|NB0005:b|}.Resize(4); static int G() {",
        "return 0; } static void F(ref readonly NativeBuffer<int> b) => {|NB0005:b|}.Dispose(); static int G() {",
        "return 0; } static NativeBuffer<int> F(in NativeBuffer<int> b) => {|NB0005:b|}; static int G() {",
        "return 0; } static NativeBuffer<int> F(in NativeBuffer<int> b) => {|NB0005:b|}.Move(); static int G() {",
        "return 0; } ref struct Holder { readonly NativeBuffer<int> _b; public void Grow() => {|NB0005:_b|}.Resize(4); } static int G() {",
        "return 0; } ref struct Holder { NativeBuffer<int> _b; public readonly void Grow() => {|NB0005:_b|}.Resize(4); } static int G() {",
        "return 0; } ref struct Holder { NativeBuffer<int> _b; public Holder(NativeBuffer<int> b) => _b = {|NB0005:b|}; } static int G() {",
        "return 0; } static void F(in ScratchList<int> l) => {|NB0005:l|}.Add(1); static int G() {",
        "var b = NativeBuffer.Create<int>(n); using var d = {|NB0005:b|};",
        "using var b = NativeBuffer.Create<byte>(n); Free({|NB0005:b|}); return 0; } [System.Runtime.InteropServices.DllImport(\"libc\")] static "
            + "extern void Free([TakesOwnership] NativeBuffer<byte> s); static int G() {",
        "using var b = NativeBuffer.Create<byte>(n); Strlen({|NB0005:b|}); return 0; } static int Strlen(NativeBuffer<byte> s) => s.Length; static "
            + "int G() {",
    ];

    public static TheoryData<string> Right =>
    [
        "var b = NativeBuffer.Create<int>(n); using var d = b.Move(); d[0] = 1;",
        "var b = NativeBuffer.Create<int>(n); Take(b.Move());",
        "var b = NativeBuffer.Create<int>(n); Look(b); Look(in b); b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); Change(ref b); b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); ref NativeBuffer<int> d = ref b; d.Resize(4); b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); Lend(b); b.Dispose();",
        "using var b = NativeBuffer.Create<int>(n); Strlen(b); b[0] = 1; return 0; } [System.Runtime.InteropServices.LibraryImport(\"libc\")] static extern nuint "
            + "Strlen(NativeBuffer<int> s); static int G() {",
        "using var b = Make(n); b[0] = 1;",
        "var b = NativeBuffer.Create<int>(n); using (b) { b[0] = 1; }",
        "if (!NativeBuffer.TryCreate<int>(n, out var b)) return 1; using (b) { return b[0]; }",
        "using var b = NativeBuffer.Create<int>(n); b.Resize(4);",
        "using var l = new ScratchList<int>(stackalloc int[4]); l.Add(1);",
        "return 0; } static NativeBuffer<int> F() { var b = NativeBuffer.Create<int>(1); return b; } static int G() {",
        "return 0; } static NativeBuffer<int> F(bool c) { var b = NativeBuffer.Create<int>(1); if (c) return b; b.Dispose(); return default; } "
            + "static int G() {",
        "return 0; } static void F(out NativeBuffer<int> b) { b = NativeBuffer.Create<int>(1); } static int G() {",
        "return 0; } static void F(ref NativeBuffer<int> b) => b.Resize(4); static int G() {",
        "return 0; } static int F(in NativeBuffer<int> b) => b[0] + b.AsSpan().Length; static int G() {",
        "return 0; } ref struct Holder { NativeBuffer<int> _b; public void Grow() => _b.Resize(4); public void Dispose() => _b.Dispose(); } static int G() {",
        "return 0; } ref struct Holder { NativeBuffer<int> _b; public Holder(int n) { _b = NativeBuffer.Create<int>(n); } } static int G() {",
        "var o = NativeMemoryOwner<int>.Create(n); var d = o; d.Dispose();",
        "using var o = NativeMemoryOwner<int>.Create(n); using var k = o.Borrow(); var d = k; d[0] = 1;",
        "using var a = NativeArena.Create(); using (var s = a.BeginScope()) s.Allocate<int>(3);",
        "NativeBuffer<int> b = default; b = NativeBuffer.Create<int>(n); b.Dispose();",
        "NativeBuffer<int> b = c ? NativeBuffer.Create<int>(n) : default; b.Dispose();",
        "return 0; } struct NativeArena { public void Dispose() { } } static void F(NativeArena b) { var d = b; d.Dispose(); d.Dispose(); } static int G() {",
        "using var b = NativeBuffer.Create<byte>(n); C.strlen(b); b[0] = 1; return 0; } static partial class C { "
            + "[System.Runtime.InteropServices.LibraryImport(\"libc\")] public static partial nuint strlen(NativeBuffer<byte> s); public static partial "
            + "nuint strlen(NativeBuffer<byte> s) => 0; } static int G() {",
    ];

    [Theory]
    [MemberData(nameof(Wrong))]
    public Task Reported(string body) => Shape.CheckAsync(body);

    [Theory]
    [MemberData(nameof(Right))]
    public Task Silent(string body) => Shape.CheckAsync(body);
}
