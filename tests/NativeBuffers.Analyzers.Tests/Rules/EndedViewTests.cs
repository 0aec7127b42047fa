using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.Rules;

/// <summary>NB0004.</summary>
public sealed class EndedViewTests
{
    public static TheoryData<string> Wrong =>
    [
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); b.Dispose(); {|NB0004:s[0]|} = 1;",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); b.Resize(5); {|NB0004:s[0]|} = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); using var d = b.Move(); {|NB0004:s[0]|} = 1;",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); b.Resize(5); {|NB0004:s.Clear()|}; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); b.Resize(5); Read({|NB0004:s|}); b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); var t = s; b.Resize(5); {|NB0004:t[0]|} = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); b.Resize(5); var t = s; {|NB0004:t[0]|} = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan().Slice(1); b.Resize(5); {|NB0004:s[0]|} = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = Part(b.AsSpan()); b.Resize(5); {|NB0004:s[0]|} = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); ReadOnlySpan<int> s = b; b.Resize(5); Read({|NB0004:s|}); b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); ref int r = ref b[0]; b.Resize(5); {|NB0004:r|} = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); unsafe { int* p = b.Pointer; b.Resize(5); *{|NB0004:p|} = 1; } b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); unsafe { fixed (int* p = b) { b.Resize(5); {|NB0004:p|}[1] = 1; } } b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); if (c) b.Resize(5); {|NB0004:s[0]|} = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); while (Condition()) { {|NB0004:s[0]|} = 1; b.Resize(5); } b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); Change(ref b); {|NB0004:s[0]|} = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); Grow(ref b); {|NB0004:s[0]|} = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = First(b); b.Resize(5); {|NB0004:s[0]|} = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); foreach (ref int x in {|NB0004:b.AsSpan()|}) { x = 1; b.Resize(5); } b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); foreach (int x in {|NB0004:b|}) { Read(b); b.Resize(x); } b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b[1..]; b.Resize(5); {|NB0004:s[0]|} = 1; b.Dispose();",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); Span<int> s = p; p.Dispose(); {|NB0004:s[0]|} = 1;",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); var s = p[1..]; p.Dispose(); {|NB0004:s[0]|} = 1;",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); ref int r = ref p[1]; p.Dispose(); {|NB0004:r|} = 1;",
        "using var l = new ScratchList<int>(stackalloc int[4]); var s = l.AsSpan(); l.Add(1); {|NB0004:s[0]|} = 1;",
        "using var l = new ScratchList<int>(stackalloc int[4]); var s = l[1..]; l.Add(1); {|NB0004:s[0]|} = 1;",
        "using var l = new NativeList<int>(); var s = l[1..]; l.Add(1); {|NB0004:s[0]|} = 1;",
        "using var l = new ScratchList<int>(stackalloc int[4]); foreach (int x in {|NB0004:l.AsSpan()|}) l.Add(x);",
        "using var l = new NativeList<int>(); var s = l.AsSpan(); l.Add(1); {|NB0004:s[0]|} = 1;",
        "using var l = new NativeList<int>(); var s = l.GetSpan(3); l.EnsureCapacity(9); {|NB0004:s[0]|} = 1;",
        "var a = NativeArena.Create(); var s = a.Allocate<int>(4); a.Dispose(); {|NB0004:s[0]|} = 1;",
        "var a = NativeArena.Create(); var p = a.BeginScope(); a.Dispose(); {|NB0004:p.Allocate<int>(4)|}; p.Dispose();",
        "using var a = NativeArena.Create(); var p = a.BeginScope(); var s = p.Allocate<int>(4); p.Dispose(); {|NB0004:s[0]|} = 1;",
        "var o = NativeMemoryOwner<int>.Create(n); var s = o.GetSpan(); o.Dispose(); {|NB0004:s[0]|} = 1;",
        "var o = NativeMemoryOwner<int>.Create(n); var s = o.Memory.Span; o.Resize(9); {|NB0004:s[0]|} = 1; o.Dispose();",
        "var o = NativeMemoryOwner<int>.Create(n); var m = o.Memory; o.Dispose(); {|NB0004:m.Span|}.Clear();",
        "using var o = NativeMemoryOwner<int>.Create(n); var k = o.Borrow(); var s = k.Span; k.Dispose(); {|NB0004:s[0]|} = 1;",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); var s = p.AsSpan(); p.Dispose(); {|NB0004:s[0]|} = 1;",
        "return 0; } static void F(scoped Span<int> s) { using var b = NativeBuffer.Create<int>(1); s = b.AsSpan(); b.Resize(2); {|NB0004:s[0]|} = "
            + "1; } static int G() {",
        "return 0; } static Span<int> F() { using var o = NativeMemoryOwner<int>.Create(1); return {|NB0004:o.GetSpan()|}; } static int G() {",
        "return 0; } [ReturnsViewOf(nameof(o))] static Memory<int> V([BorrowsOwnership] NativeMemoryOwner<int> o, int n) => o.Memory; static int G() "
            + "{ var o = NativeMemoryOwner<int>.Create(1); var m = V(o, 1); o.Dispose(); {|NB0004:m.Span|}.Clear();",
        "var l = new ScratchList<int>(stackalloc int[4]); {|NB0004:l[0] = AddTo(ref l)|}; l.Dispose();",
        "var l = new ScratchList<int>(stackalloc int[4]); {|NB0004:l[0] += AddTo(ref l)|}; l.Dispose();",
        "var l = new ScratchList<int>(stackalloc int[4]); {|NB0004:l[0]|} = c ? AddTo(ref l) : 1; l.Dispose();",
        "var l = new ScratchList<int>(stackalloc int[4]); int x; {|NB0004:(l[0], x) = (AddTo(ref l), 2)|}; l.Dispose();",
        "var b = NativeBuffer.Create<int>(n); {|NB0004:b[0] = GrowAnd(ref b)|}; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); {|NB0004:s[0] = GrowAnd(ref b)|}; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); ref int r = ref b[0]; {|NB0004:r = GrowAnd(ref b)|}; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); unsafe { int* p = b.Pointer; {|NB0004:*p = GrowAnd(ref b)|}; } b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); Read({|NB0004:b.AsSpan()|}, GrowAnd(ref b)); b.Dispose();",
        "return 0; } static ref int F() { using var b = NativeBuffer.Create<int>(1); return ref {|NB0004:Unsafe.AsRef(in b[0])|}; } static int G() {",
        "return 0; } static ref int F(bool c) { var b = NativeBuffer.Create<int>(1); ref int r = ref Unsafe.AsRef(in b[0]); b.Dispose(); "
            + "return ref {|NB0004:r|}; } static int G() {",
        "using var o = NativeMemoryOwner<int>.Create(n); unsafe { var h = o.Pin(); var p = (int*)h.Pointer; h.Dispose(); *{|NB0004:p|} = 1; }",
        "return 0; } static async Task F(System.IO.Stream s) { var o = NativeMemoryOwner<byte>.Create(9); var t = s.ReadAsync(o.Memory); "
            + "o.Dispose(); await {|NB0004:t|}; } static int G() {",
        "return 0; } static async Task F(System.IO.Stream s) { var o = NativeMemoryOwner<byte>.Create(9); Task t = "
            + "s.ReadAsync(o.Memory[..3]).AsTask(); o.Dispose(); await {|NB0004:t.ConfigureAwait(false)|}; } static int G() {",
        "return 0; } static async Task F(System.IO.Stream s) { var o = NativeMemoryOwner<byte>.Create(9); Task t = s.ReadAsync(o.Memory).AsTask(); "
            + "o.Dispose(); await {|NB0004:Task.WhenAll(t, Task.Delay(1))|}; } static int G() {",
        "return 0; } static async Task F(System.IO.Stream s) { Task t; using (var p = NativeMemoryPool<byte>.Shared.RentBuffer(9)) { t = "
            + "s.ReadAsync(p.Memory).AsTask(); } {|NB0004:t.Wait()|}; await Task.Yield(); } static int G() {",
        "return 0; } static Task F(System.IO.Stream s) { using var o = NativeMemoryOwner<byte>.Create(9); return "
            + "{|NB0004:s.WriteAsync(o.Memory).AsTask()|}; } static int G() {",
        "return 0; } static async Task F(System.IO.Stream s) { var o = NativeMemoryOwner<int>.Create(9); Task t = Fill(o); o.Dispose(); await "
            + "{|NB0004:t|}; static async Task Fill(NativeMemoryOwner<int> x) { await Task.Yield(); x.Clear(); } } static int G() {",
        "var o = NativeMemoryOwner<int>.Create(n); var all = new ReadOnlySequence<int>(o.Memory); o.Dispose(); Read({|NB0004:all.FirstSpan|});",
        "var b = NativeBuffer.Create<int>(n); H(ref b, {|NB0004:b.AsSpan()|}); b.Dispose(); static void H(ref NativeBuffer<int> x, scoped Span<int> s) { x.Resize(9); "
            + "s[0] = 1; }",
        "var b = NativeBuffer.Create<int>(n); var t = b.AsSpan(1); H({|NB0004:t|}, ref b); b.Dispose(); static void H(scoped Span<int> s, ref NativeBuffer<int> x) { "
            + "if (x.Length < 9) x.Resize(9); s.Clear(); }",
        "using var o = NativeMemoryOwner<int>.Create(n); H(o, {|NB0004:o.GetSpan()|}); static void H(NativeMemoryOwner<int> x, Span<int> s) { x.Resize(9); "
            + "foreach (ref int e in s) e = 1; }",
        "return 0; } static void H(ref ScratchList<int> x, scoped ReadOnlySpan<int> s) { for (int i = 0; i < 3; i++) x.Add(s[i]); } static void F() { "
            + "var l = new ScratchList<int>(); l.Add(1); H(ref l, {|NB0004:l.AsSpan()|}); l.Dispose(); } static int G() {",
    ];

    public static TheoryData<string> Right =>
    [
        "var l = new ScratchList<int>(stackalloc int[4]); int x = AddTo(ref l); l[0] = x; l[0] = n + x; l[0] += x; l.Dispose();",
        "using var l = new ScratchList<int>(stackalloc int[4]); l[0] = c ? l[1] : 1; l[0] = l[1]; (l[0], l[1]) = (l[1], l[0]);",
        "var b = NativeBuffer.Create<int>(n); b[0] = Sum(b); var s = b.AsSpan(); s[0] = Sum(b); s[0]++; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); int x = GrowAnd(ref b); b[0] = x; Read(b.AsSpan(GrowAnd(ref b)), x); b.Dispose();",
        "return 0; } static ref int F(ref int x) { using var b = NativeBuffer.Create<int>(1); x = b[0]; return ref x; } static int G() {",
        "var o = NativeMemoryOwner<int>.Create(n); unsafe { using var h = o.Pin(); var p = (int*)h.Pointer; o.Dispose(); *p = 1; }",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); s[0] = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); b.Resize(5); s = b.AsSpan(); s[0] = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); b.Dispose(); return s.Length;",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); int first = s[0]; b.Dispose(); return first;",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); b.Resize(5); s = default; s.Clear(); b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); s.Fill(1); b[0] = 1; b.Clear(); s[0] = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = Other(b.AsSpan()); b.Resize(5); s.Clear(); b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan().ToArray(); b.Dispose(); s[0] = 1;",
        "var b = NativeBuffer.Create<int>(n); int r = b[0]; b.Resize(5); r = 1; b.Dispose(); return r;",
        "var b = NativeBuffer.Create<int>(n); for (int i = 0; i < 3; i++) { var s = b.AsSpan(); s[0] = 1; b.Resize(5); } b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); while (Condition()) { s[0] = 1; b.Resize(5); s = b.AsSpan(); } b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); if (c) b.Resize(5); if (!c) s[0] = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); if (c) { b.Resize(5); s = b.AsSpan(); } s[0] = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var s = b.AsSpan(); Sum(b); Look(b); s[0] = 1; b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); var d = NativeBuffer.Create<int>(n); var s = b.AsSpan(); d.Resize(5); s[0] = 1; b.Dispose(); d.Dispose();",
        "var b = NativeBuffer.Create<int>(n); foreach (ref int x in b.AsSpan()) { x = 1; if (Condition()) { b.Resize(5); break; } } b.Dispose();",
        "using var l = new ScratchList<int>(stackalloc int[4]); var s = l.AsSpan(); l.RemoveLast(); s[0] = 1;",
        "using var l = new NativeList<int>(); var s = l.AsSpan(); l.Sort(); l.Clear(); s.Clear();",
        "using var l = new NativeList<int>(); var m = l.GetMemory(); l.Add(1); m.Span.Clear();",
        "using var l = new NativeList<int>(); foreach (int x in l) Work(); l.Add(1);",
        "using var a = NativeArena.Create(); var s = a.Allocate<int>(4); using (var p = a.BeginScope()) p.Allocate<int>(9); s[0] = 1;",
        "var o = NativeMemoryOwner<int>.Create(n); var m = o.Memory; o.Resize(9); m.Span.Clear(); o.Dispose();",
        "using var o = NativeMemoryOwner<int>.Create(n); using var k = o.Borrow(); var s = k.Span; o.Dispose(); s[0] = 1;",
        "using var b = NativeBuffer.Create<int>(n); unsafe { fixed (int* p = b) { *p = 1; nint address = (nint)p; } }",
        "var b = NativeBuffer.Create<int>(n); nint address; unsafe { address = (nint)b.Pointer; } b.Dispose(); return (int)address;",
        "return 0; } static void F(Span<int> s, bool c) { var b = NativeBuffer.Create<int>(1); int x = b.AsSpan()[0]; b.Dispose(); s[0] = x; } "
            + "static int G() {",
        "return 0; } static void F(scoped Span<int> s) { using var b = NativeBuffer.Create<int>(1); s = b.AsSpan(); b.Resize(2); s = b.AsSpan(); "
            + "s[0] = 1; } static int G() {",
        "return 0; } static async Task F(System.IO.Stream s) { var o = NativeMemoryOwner<byte>.Create(9); Task<int> t = "
            + "s.ReadAsync(o.Memory).AsTask(); await t; o.Dispose(); int k = t.Result; } static int G() {",
        "return 0; } static async Task F(System.IO.Stream s) { var o = NativeMemoryOwner<byte>.Create(9); var t = s.ReadAsync(o.Memory); if "
            + "(t.IsCompletedSuccessfully) { o.Dispose(); _ = t.Result; } else { await t; o.Dispose(); } } static int G() {",
        "return 0; } static async Task F(System.IO.Stream s) { var o = NativeMemoryOwner<byte>.Create(9); var all = new List<Task>(); "
            + "all.Add(s.ReadAsync(o.Memory).AsTask()); await Task.WhenAll(all); o.Dispose(); } static int G() {",
        "return 0; } static async Task F(System.IO.Stream s) { var o = NativeMemoryOwner<byte>.Create(9); Task t = s.ReadAsync(o.Memory).AsTask(); "
            + "Task.WaitAll(t); o.Dispose(); await t; } static int G() {",
        "return 0; } static Task F(System.IO.Stream s) { using var o = NativeMemoryOwner<byte>.Create(9); s.Write(o.GetSpan()); return "
            + "s.FlushAsync(); } static int G() {",
        "return 0; } static Task<int> F(System.IO.Stream s) { using var o = NativeMemoryOwner<byte>.Create(9); return "
            + "Task.FromResult(s.Read(o.GetSpan())); } static int G() {",
        "var o = NativeMemoryOwner<int>.Create(n); Keep(o); if (o.IsDisposed) { ref int r = ref o.GetSpan()[0]; o.Resize(8); if (!o.IsDisposed) r = 1; }",
        "var o = NativeMemoryOwner<int>.Create(n); var all = new ReadOnlySequence<int>(o.Memory); Read(all.FirstSpan); o.Dispose();",
        "var b = NativeBuffer.Create<int>(n); H(ref b, b.AsSpan()); b.Dispose(); static void H(ref NativeBuffer<int> x, scoped Span<int> s) { s[0] = 1; x.Resize(9); }",
        "var b = NativeBuffer.Create<int>(n); H(ref b, b.AsSpan()); b.Dispose(); static void H(ref NativeBuffer<int> x, scoped Span<int> s) { x.Resize(9); "
            + "s = x.AsSpan(); s[0] = 1; }",
        "var b = NativeBuffer.Create<int>(n); H(ref b, b.AsSpan()); b.Dispose(); static void H(ref NativeBuffer<int> x, scoped Span<int> s) { if (s.Length < 9) "
            + "x.Resize(9); else s[0] = 1; }",
        "var b = NativeBuffer.Create<int>(n); using var d = NativeBuffer.Create<int>(n); H(ref b, d.AsSpan()); b.Dispose(); "
            + "static void H(ref NativeBuffer<int> x, scoped Span<int> s) { x.Resize(9); s[0] = 1; }",
        "using var o = NativeMemoryOwner<int>.Create(n); H(o, o.Memory); static void H(NativeMemoryOwner<int> x, Memory<int> m) { x.Resize(9); m.Span[0] = 1; }",
    ];

    [Theory]
    [MemberData(nameof(Wrong))]
    public Task Reported(string body) => Shape.CheckAsync(body);

    [Theory]
    [MemberData(nameof(Right))]
    public Task Silent(string body) => Shape.CheckAsync(body);
}
