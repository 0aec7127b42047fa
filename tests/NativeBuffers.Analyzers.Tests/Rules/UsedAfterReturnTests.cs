using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.Rules;

/// <summary>NB0006.</summary>
public sealed class UsedAfterReturnTests
{
    public static TheoryData<string> Wrong =>
    [
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); p.Dispose(); {|NB0006:p.AsSpan()|}.Clear();",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); p.Dispose(); {|NB0006:p.Dispose()|};",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); var q = p; p.Dispose(); {|NB0006:q.AsSpan()|}.Clear();",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); var q = p; p.Dispose(); {|NB0006:q.Dispose()|};",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); using var q = p.Resize(9); {|NB0006:p.AsSpan()|}.Clear();",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); if (c) p.Dispose(); {|NB0006:p.AsSpan()|}.Clear(); if (!c) p.Dispose();",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); p.Dispose(); using var k = {|NB0006:p.Borrow()|};",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); p.Dispose(); var m = {|NB0006:p.Memory|};",
        "var a = ArrayPool<int>.Shared.Rent(n); ArrayPool<int>.Shared.Return(a); {|NB0006:a[0]|} = 1;",
        "var a = ArrayPool<int>.Shared.Rent(n); ArrayPool<int>.Shared.Return(a); {|NB0006:ArrayPool<int>.Shared.Return(a)|};",
        "var a = ArrayPool<int>.Shared.Rent(n); ArrayPool<int>.Shared.Return(a); Read({|NB0006:a|});",
        "var a = ArrayPool<int>.Shared.Rent(n); ArrayPool<int>.Shared.Return(a); {|NB0006:a|}.AsSpan();",
        "var a = ArrayPool<int>.Shared.Rent(n); var s = a.AsSpan(); ArrayPool<int>.Shared.Return(a); {|NB0006:s[0]|} = 1;",
        "var a = ArrayPool<int>.Shared.Rent(n); var s = new ArraySegment<int>(a, 0, n); ArrayPool<int>.Shared.Return(a); {|NB0006:s[0]|} = 1;",
        "var a = ArrayPool<int>.Shared.Rent(n); Span<int> s = a; ArrayPool<int>.Shared.Return(a); {|NB0006:s.Clear()|};",
        "var a = ArrayPool<int>.Shared.Rent(n); var d = a; ArrayPool<int>.Shared.Return(a); {|NB0006:d[0]|} = 1;",
        "var a = ArrayPool<int>.Shared.Rent(n); if (c) ArrayPool<int>.Shared.Return(a); {|NB0006:a[0]|} = 1;",
        "var a = ArrayPool<int>.Shared.Rent(n); try { Work(); } finally { ArrayPool<int>.Shared.Return(a); } {|NB0006:a[0]|} = 1;",
        "var a = ArrayPool<int>.Shared.Rent(n); do { {|NB0006:a[0]|} = 1; {|NB0006:ArrayPool<int>.Shared.Return(a)|}; } while (Condition());",
        "var m = MemoryPool<int>.Shared.Rent(n); m.Dispose(); {|NB0006:m.Memory|}.Span.Clear();",
        "var m = MemoryPool<int>.Shared.Rent(n); var s = m.Memory.Span; m.Dispose(); {|NB0006:s[0]|} = 1;",
        "var m = MemoryPool<int>.Shared.Rent(n); m.Dispose(); {|NB0006:m.Dispose()|};",
        "return 0; } static async Task F(System.IO.Stream s) { var a = ArrayPool<byte>.Shared.Rent(9); Task t = s.ReadAsync(a, 0, 9); "
            + "ArrayPool<byte>.Shared.Return(a); await {|NB0006:t|}; } static int G() {",
        "return 0; } static Task F(System.IO.Stream s) { var a = ArrayPool<byte>.Shared.Rent(9); try { return {|NB0006:s.WriteAsync(a, 0, 9)|}; } "
            + "finally { ArrayPool<byte>.Shared.Return(a); } } static int G() {",
    ];

    public static TheoryData<string> Right =>
    [
        "var q = new Queue<(IMemoryOwner<int> Block, int Value)>(); while (Condition()) { if (c) q.Enqueue((MemoryPool<int>.Shared.Rent(n), 1)); "
            + "else if (q.TryDequeue(out (IMemoryOwner<int> Block, int Value) o)) { o.Block.Memory.Span.Clear(); o.Block.Dispose(); } }",
        "var q = new Queue<(IMemoryOwner<int> Block, int Value)>(); while (Condition()) { var o = q.Dequeue(); o.Block.Memory.Span.Clear(); o.Block.Dispose(); }",
        "var q = new Queue<(IMemoryOwner<int> Block, int Value)>(); (IMemoryOwner<int> Block, int Value) o; while (q.TryDequeue(out o)) o.Block.Dispose();",
        "var all = new PooledBuffer<int>[1]; ref PooledBuffer<int> p = ref all[0]; p.Dispose(); p = NativeMemoryPool<int>.Shared.RentBuffer(n); "
            + "p.AsSpan().Clear();",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); p.AsSpan().Clear(); p.Dispose();",
        "using var p = NativeMemoryPool<int>.Shared.RentBuffer(n); p.AsSpan().Clear();",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); p.Dispose(); p = NativeMemoryPool<int>.Shared.RentBuffer(n); p.AsSpan().Clear(); p.Dispose();",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); p = p.Resize(9); p.AsSpan().Clear(); p.Dispose();",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); p.Dispose(); return p.Length;",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); if (c) p.Dispose(); if (!c) { p.AsSpan().Clear(); p.Dispose(); }",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); var q = p; q.AsSpan().Clear(); q.Dispose();",
        "var a = ArrayPool<int>.Shared.Rent(n); a[0] = 1; ArrayPool<int>.Shared.Return(a);",
        "var a = ArrayPool<int>.Shared.Rent(n); try { a[0] = 1; } finally { ArrayPool<int>.Shared.Return(a); }",
        "var a = ArrayPool<int>.Shared.Rent(n); ArrayPool<int>.Shared.Return(a); return a.Length;",
        "var a = ArrayPool<int>.Shared.Rent(n); ArrayPool<int>.Shared.Return(a); a = ArrayPool<int>.Shared.Rent(n); a[0] = 1; ArrayPool<int>.Shared.Return(a);",
        "var a = ArrayPool<int>.Shared.Rent(n); var d = ArrayPool<int>.Shared.Rent(2 * n); a.CopyTo(d, 0); ArrayPool<int>.Shared.Return(a); a = d; "
            + "a[0] = 1; ArrayPool<int>.Shared.Return(a);",
        "var a = ArrayPool<int>.Shared.Rent(n); while (Condition()) { var d = ArrayPool<int>.Shared.Rent(n); Array.Copy(a, d, 1); "
            + "ArrayPool<int>.Shared.Return(a); a = d; } ArrayPool<int>.Shared.Return(a);",
        "var a = ArrayPool<int>.Shared.Rent(n); if (c) ArrayPool<int>.Shared.Return(a); else { a[0] = 1; ArrayPool<int>.Shared.Return(a); }",
        "var a = ArrayPool<int>.Shared.Rent(n); bool mine = c; if (mine) ArrayPool<int>.Shared.Return(a); if (!mine) a[0] = 1;",
        "var a = ArrayPool<int>.Shared.Rent(n); int x = a[0]; ArrayPool<int>.Shared.Return(a); return x;",
        "int[]? a = null; if (c) a = ArrayPool<int>.Shared.Rent(n); Span<int> s = a ?? new int[4]; s[0] = 1; if (a != null) ArrayPool<int>.Shared.Return(a);",
        "foreach (var a in new int[2][]) ArrayPool<int>.Shared.Return(a);",
        "var m = MemoryPool<int>.Shared.Rent(n); m.Memory.Span.Clear(); m.Dispose();",
        "using var m = MemoryPool<int>.Shared.Rent(n); m.Memory.Span.Clear();",
        "return 0; } static int[]? _a; static void Clear() { if (_a != null) { var a = _a; _a = null; ArrayPool<int>.Shared.Return(a); } _a = "
            + "ArrayPool<int>.Shared.Rent(4); _a[0] = 1; } static int G() {",
        "return 0; } static async Task F(System.IO.Stream s) { var a = ArrayPool<byte>.Shared.Rent(9); try { while (await s.ReadAsync(a) > 0) "
            + "Work(); } finally { ArrayPool<byte>.Shared.Return(a); } } static int G() {",
    ];

    [Theory]
    [MemberData(nameof(Wrong))]
    public Task Reported(string body) => Shape.CheckAsync(body);

    [Theory]
    [MemberData(nameof(Right))]
    public Task Silent(string body) => Shape.CheckAsync(body);
}
