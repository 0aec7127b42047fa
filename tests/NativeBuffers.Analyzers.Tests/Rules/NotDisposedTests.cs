using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.Rules;

/// <summary>NB0001.</summary>
public sealed class NotDisposedTests
{
    public static TheoryData<string> Wrong =>
    [
        "var b = {|NB0001:NativeBuffer.Create<int>(n)|}; b[0] = 1;",
        "{|NB0001:NativeBuffer.Create<int>(n)|};",
        "_ = {|NB0001:NativeBuffer.Create<int>(n)|};",
        "var b = {|NB0001:NativeBuffer.Create<int>(n)|}; if (c) return 1; b.Dispose();",
        "var b = {|NB0001:NativeBuffer.Create<int>(n)|}; if (c) throw new InvalidOperationException(); b.Dispose();",
        "var b = {|NB0001:NativeBuffer.Create<int>(n)|}; if (c) b.Dispose();",
        "var b = {|NB0001:NativeBuffer.Create<int>(n)|}; b = NativeBuffer.Create<int>(n); b.Dispose();",
        "var b = {|NB0001:NativeBuffer.Create<int>(n)|}; b = default; b.Dispose();",
        "while (Condition()) { var b = {|NB0001:NativeBuffer.Create<int>(n)|}; if (Condition()) break; b.Dispose(); }",
        "for (int i = 0; i < n; i++) { var b = {|NB0001:NativeBuffer.Create<int>(n)|}; b[0] = i; }",
        "NativeBuffer<int> b = default; if (c) b = {|NB0001:NativeBuffer.Create<int>(n)|}; if (Condition()) b.Dispose();",
        "var b = {|NB0001:NativeBuffer.Create<int>(n)|}; try { Work(); b.Dispose(); } catch (Exception) { return 1; }",
        "using var b = NativeBuffer.Create<int>(n); var d = {|NB0001:b.Move()|}; d[0] = 1;",
        "var b = {|NB0001:Make(n)|}; b[0] = 1;",
        "if (!{|NB0001:NativeBuffer.TryCreate<int>(n, out var b)|}) return 1; b[0] = 1;",
        "var l = {|NB0001:new ScratchList<int>(stackalloc int[4])|}; l.Add(n);",
        "var a = {|NB0001:NativeArena.Create()|}; a.Allocate<int>(n)[0] = 1;",
        "using var a = NativeArena.Create(); var s = {|NB0001:a.BeginScope()|}; s.Allocate<int>(n)[0] = 1;",
        "var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; o.Resize(2);",
        "var o = {|NB0001:MakeOwner(n)|}; o.Resize(2);",
        "var l = {|NB0001:new NativeList<int>()|}; l.Add(1);",
        "var o = NativeMemoryOwner<int>.Create(n); var l = {|NB0001:NativeList.FromOwner(o)|}; l.Add(1);",
        "NativeMemoryOwner<int> o = {|NB0001:[1, 2]|}; o.Fill(1);",
        "NativeList<int> l = {|NB0001:[1, .. new[] { n }]|}; l.Add(1);",
        "using var o = NativeMemoryOwner<int>.Create(n); var k = {|NB0001:o.Borrow()|}; k[0] = 1;",
        "var p = {|NB0001:NativeMemoryPool<int>.Shared.RentBuffer(n)|}; return p.Length;",
        "var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; See(o);",
        "var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; SumOwner(o);",
        "void F() { var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; o.Resize(2); } F();",
        "using var o = NativeMemoryOwner<int>.Create(n); _ = {|NB0001:o.Pin()|};",
        "using var o = NativeMemoryOwner<int>.Create(n); var h = {|NB0001:o.Pin()|}; unsafe { *(int*)h.Pointer = 1; }",
        "using var o = NativeMemoryOwner<int>.Create(n); var h = {|NB0001:o.Memory.Pin()|}; if (c) h.Dispose();",
        "return 0; } static void F(NativeMemoryOwner<int>? o) { if (o is null) { var b = {|NB0001:NativeBuffer.Create<int>(1)|}; b[0] = 1; } } static int "
            + "G() {",
        "var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; try { See(o); } catch (ArgumentException) { return 1; } o.Dispose();",
        "var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; Strlen(o); return 0; } [System.Runtime.InteropServices.DllImport(\"libc\")] static extern "
            + "nuint Strlen(NativeMemoryOwner<int> s); static int G() {",
    ];

    public static TheoryData<string> Right =>
    [
        "var h = SafeMallocBuffer.Allocate(n); Work(); h.SetHandleAsInvalid();",
        "using var o = NativeMemoryOwner<int>.Create(n); using var h = o.Pin(); using var g = o.Memory.Pin();",
        "using var o = NativeMemoryOwner<int>.Create(n); o.Pin(); if (c) Work(); o.Unpin();",
        "using var o = NativeMemoryOwner<int>.Create(n); MemoryHandle h = default; try { h = o.Pin(); Work(); } finally { h.Dispose(); }",
        "return 0; } static void F(NativeMemoryOwner<int>? g) { var o = g ?? NativeMemoryOwner<int>.Create(1); try { o.Resize(2); } finally { if (g is "
            + "null) o.Dispose(); } } static int G() {",
        "var h = new int[n].AsMemory().Pin(); Anything(h);",
        "using var o = NativeMemoryOwner<int>.Create(n); var all = new List<MemoryHandle>(); all.Add(o.Pin());",
        "var o = NativeMemoryOwner<int>.Create(n); try { Anything(o); } catch (ArgumentException) { return 1; }",
        "End(NativeMemoryOwner<int>.Create(n)); void End(NativeMemoryOwner<int> o) { using (o) { if (c) Work(); } }",
        "foreach (int x in new List<int>()) { var b = NativeBuffer.Create<int>(x); try { Work(); } catch (ArgumentException) { n++; } b.Dispose(); }",
        "using var o = NativeMemoryOwner<int>.Create(n); var b = NativeBuffer.Create<int>(n); try { b.Resize(9); } catch (ArgumentException) { n++; } b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); try { Work(); } finally { n++; } b.Dispose();",
        "Refused<ArgumentOutOfRangeException>(() => NativeBuffer.Create<int>(1).Resize(-2));",
        "using var b = NativeBuffer.Create<int>(n); b[0] = 1;",
        "using (var b = NativeBuffer.Create<int>(n)) { return b[0]; }",
        "var b = NativeBuffer.Create<int>(n); b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); try { Work(); } finally { b.Dispose(); }",
        "var b = NativeBuffer.Create<int>(n); try { Work(); } catch { b.Dispose(); throw; } b.Dispose();",
        "using var b = NativeBuffer.Create<int>(n); using var d = b.Move(); d[0] = 1;",
        "if (NativeBuffer.TryCreate<int>(n, out var b)) { b[0] = 1; b.Dispose(); }",
        "if (!NativeBuffer.TryCreate<int>(n, out var b)) return 1; using (b) { return b[0]; }",
        "bool made = NativeBuffer.TryCreate<int>(n, out var b); if (made) b.Dispose();",
        "NativeBuffer<int> b = default; if (c) b = NativeBuffer.Create<int>(n); if (c) b.Dispose();",
        "NativeBuffer<int> b = default; if (n > 3) b = NativeBuffer.Create<int>(n); if (n > 3) b.Dispose();",
        "NativeBuffer<int> b = default; try { b = NativeBuffer.Create<int>(n); Work(); } finally { b.Dispose(); }",
        "NativeBuffer<int> b = default; while (Condition()) { b.Dispose(); b = NativeBuffer.Create<int>(n); } b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); Take(b.Move());",
        "var b = NativeBuffer.Create<int>(n); if (c) { b.Dispose(); return 1; } b.Dispose();",
        "var b = NativeBuffer.Create<int>(n); if (c) { b.Dispose(); throw new InvalidOperationException(); } b.Dispose();",
        "var o = NativeMemoryOwner<int>.Create(n); Keep(o);",
        "var o = NativeMemoryOwner<int>.Create(n); Anything(o);",
        "var o = NativeMemoryOwner<int>.Create(n); EndOwner(o);",
        "var o = NativeMemoryOwner<int>.Create(n); var all = new List<IDisposable>(); all.Add(o);",
        "var o = NativeMemoryOwner<int>.Create(n); var all = new[] { o }; all[0].Dispose();",
        "var o = NativeMemoryOwner<int>.Create(n); var pair = (o, n); pair.o.Dispose();",
        "var o = NativeMemoryOwner<int>.Create(n); Task t = Task.Run(() => o.Dispose()); t.Wait();",
        "NativeMemoryOwner<int>? o = c ? NativeMemoryOwner<int>.Create(n) : null; o?.Dispose();",
        "NativeMemoryOwner<int>? o = null; if (c) o = NativeMemoryOwner<int>.Create(n); if (o != null) o.Dispose();",
        "NativeMemoryOwner<int> o; using (o = NativeMemoryOwner<int>.Create(n)) { o.Resize(2); }",
        "for (int i = 0; i < n; i++) using (var o = NativeMemoryOwner<int>.Create(n)) o.Resize(2);",
        "var o = Cached; o.Resize(2);",
        "var l = new NativeList<int> { 1, 2, 3 }; l.Dispose();",
        "NativeList<int> l = [1, 2, n]; l.Dispose();",
        "using NativeMemoryOwner<int> o = [1, .. new[] { n }]; foreach (int x in o) Work();",
        "using NativeBuffer<int> b = [1, 2]; int[] a = [n]; foreach (int x in b) Work();",
        "using var l = NativeList.FromOwner(NativeMemoryOwner<int>.Create(n));",
        "using IDisposable o = NativeMemoryOwner<int>.Create(n);",
        "using var o = MakeOwner(n);",
        "Func<NativeMemoryOwner<int>> make = () => NativeMemoryOwner<int>.Create(n); make().Dispose();",
        "PooledBuffer<int>? p = NativeMemoryPool<int>.Shared.RentBuffer(n); p.Value.Dispose();",
        "PooledBuffer<int>? p = c ? NativeMemoryPool<int>.Shared.RentBuffer(n) : null; p?.Dispose();",
        "return 0; } static Memory<int> F() { var o = NativeMemoryOwner<int>.Create(1); return o.Memory; } static int G() {",
        "return 0; } static NativeMemoryOwner<int>? _o; private static NativeMemoryOwner<int> F() => _o ??= NativeMemoryOwner<int>.Create(1); static "
            + "int G() { F().Resize(2);",
        "return 0; } class Keeper : IDisposable { readonly NativeMemoryOwner<int> _o = NativeMemoryOwner<int>.Create(1); public void Dispose() => "
            + "_o.Dispose(); } static int G() {",
        "return 0; } static NativeBuffer<int> F() { var b = NativeBuffer.Create<int>(1); try { Work(); return b; } catch { b.Dispose(); throw; } } "
            + "static int G() {",
        "return 0; } static NativeMemoryOwner<int> F() { var o = NativeMemoryOwner<int>.Create(1); bool done = false; try { Work(); done = true; "
            + "return o; } finally { if (!done) o.Dispose(); } } static int G() {",
        "var o = NativeMemoryOwner<int>.Create(n); System.Diagnostics.Debug.Assert(!o.IsDisposed); if (o.IsDisposed) return 1; o.Dispose();",
        "var given = c ? Cached : null; bool owns = given is null; given ??= NativeMemoryOwner<int>.Create(n); given.Clear(); if (owns) given.Dispose();",
        "var given = c ? Cached : null; bool owns = given == null; var o = given ?? NativeMemoryOwner<int>.Create(n); o.Clear(); if (owns) o.Dispose();",
        "var given = c ? Cached : null; bool isOurs = given != null; given ??= NativeMemoryOwner<int>.Create(n); if (!isOurs) given.Dispose();",
        "return 0; } class Keeper(NativeMemoryOwner<int> o) { public void Grow(int n) { var more = NativeMemoryOwner<int>.Create(n); o.Dispose(); o "
            + "= more; } } static int G() {",
        "return 0; } class Keeper : IDisposable { public NativeMemoryOwner<int>? Owner { get; init; } public void Dispose() => Owner?.Dispose(); } static "
            + "int G() { using var k = new Keeper { Owner = NativeMemoryOwner<int>.Create(1) };",
        "return 0; } class Keeper(NativeMemoryOwner<int> owner) : IDisposable { public void Dispose() => owner.Dispose(); } static int G(int n) { var o = "
            + "NativeMemoryOwner<int>.Create(n); using var k = new Keeper(o);",
        "NativeMemoryOwner<int> o; while (Condition()) { using (o = NativeMemoryOwner<int>.Create(n)) { o.Resize(2); } }",
        "var o = NativeMemoryOwner<int>.Create(n); try { Work(); } catch { o.Dispose(); return 1; } Anything(o);",
        "var o = NativeMemoryOwner<int>.Create(n); unsafe { int* p = o.Release(out delegate* unmanaged<void*, void> free); free(p); }",
    ];

    [Theory]
    [MemberData(nameof(Wrong))]
    public Task Reported(string body) => Shape.CheckAsync(body);

    [Theory]
    [MemberData(nameof(Right))]
    public Task Silent(string body) => Shape.CheckAsync(body);
}
