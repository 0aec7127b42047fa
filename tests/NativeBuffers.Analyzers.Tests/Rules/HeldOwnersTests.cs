using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.Rules;

/// <summary>Owners in tuples, records and anonymous objects, owners that lambdas use, and tasks in arrays and lists.</summary>
public sealed class HeldOwnersTests
{
    private const string Types =
        """
         return 0; } record Frame(NativeMemoryOwner<int> Data, int Id);
            record struct Row(NativeMemoryOwner<int> Keys, int Id);
            record Own(NativeMemoryOwner<int> Data) : IDisposable { public void Dispose() => Data.Dispose(); }
            record Known(NativeMemoryOwner<int> Data)
            {
                object Self { get; } = Add(Data);

                static object Add(object o) => o;
            }

            public static Task WriteAsync(Memory<int> m) => Task.CompletedTask;
            static async Task F(int n, bool c) { await Task.Yield();
        """;

    public static TheoryData<string> Wrong =>
    [
        "var t = ({|NB0001:NativeMemoryOwner<int>.Create(n)|}, 1); t.Item1.Clear();",
        "var t = (o: {|NB0001:NativeMemoryOwner<int>.Create(n)|}, 1); t.o = NativeMemoryOwner<int>.Create(n); t.o.Dispose();",
        "var t = (o: NativeMemoryOwner<int>.Create(n), 1); var (x, _) = t; x.Dispose(); {|NB0002:t.o.Clear()|};",
        "var t = (o: NativeMemoryOwner<int>.Create(n), 1); var x = t.o; x.Dispose(); {|NB0003:t.o.Dispose()|};",
        "(NativeMemoryOwner<int> o, int k) t; t.k = 1; t.o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; t.o.Clear();",
        "(NativeMemoryOwner<int> o, int k) t; if (c) t = (NativeMemoryOwner<int>.Create(n), 2); else t = (NativeMemoryOwner<int>.Create(1), 1); t.o.Dispose(); "
            + "{|NB0002:t.o.Clear()|};",
        "(NativeMemoryOwner<int> a, NativeMemoryOwner<int> b) t = (NativeMemoryOwner<int>.Create(n), NativeMemoryOwner<int>.Create(n)); "
            + "(t.a, t.b) = (t.b, t.a); t.a.Dispose(); t.b.Dispose(); {|NB0002:t.b.Clear()|};",
        "var f = new Frame({|NB0001:NativeMemoryOwner<int>.Create(n)|}, 1); f.Data.Clear(); n = f.Id;",
        "var f = new Frame(NativeMemoryOwner<int>.Create(n), 1); f.Data.Dispose(); {|NB0002:f.Data.Clear()|};",
        "var o = NativeMemoryOwner<int>.Create(n); var f = new Frame(Id: 1, Data: o); o.Dispose(); {|NB0002:f.Data.Clear()|};",
        "var f = new Frame(NativeMemoryOwner<int>.Create(n), 1); { var m = f.Data.GetSpan(); f.Data.Resize(3); {|NB0004:m[0]|} = 1; } f.Data.Dispose();",
        "var f = new Own({|NB0001:NativeMemoryOwner<int>.Create(n)|}); f.Data.Clear();",
        "var r = new Row(NativeMemoryOwner<int>.Create(n), 1); r.Id++; var (k, _) = r; k.Dispose(); {|NB0003:r.Keys.Dispose()|};",
        "var a = new { Data = {|NB0001:NativeMemoryOwner<int>.Create(n)|}, n }; a.Data.Clear(); n = a.n;",
        "var a = new { n, Data = NativeMemoryOwner<int>.Create(n) }; a.Data.Dispose(); {|NB0002:a.Data.Clear()|};",
        "var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; Parallel.For(0, n, i => o.GetSpan()[i] = i);",
        "var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; await Task.Run(() => o.Clear()).ConfigureAwait(false);",
        "var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; Task.WaitAll(Task.Run(() => o.Clear()), Task.Run(() => o.Fill(1)));",
        "var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; await Parallel.ForAsync(0, n, async (i, _) => { await Task.Yield(); o.Memory.Span[i] = i; }); if (c) "
            + "return; o.Dispose();",
        "var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; void Fill(int i) { o.GetSpan()[i] = i; } for (int i = 0; i < n; i++) Fill(i);",
        "var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; Action<int> fill = i => o.GetSpan()[i] = i; fill(3); Parallel.For(0, n, fill);",
        "var l = {|NB0001:new NativeList<int>()|}; new List<int> { 1, 2 }.ForEach(x => l.Add(x));",
        "var o = NativeMemoryOwner<int>.Create(n); Parallel.Invoke(() => o.Clear(), () => o.Fill(3)); o.Dispose(); {|NB0002:o.Clear()|};",
        "var o = NativeMemoryOwner<int>.Create(n); Parallel.For(0, n, i => o.GetSpan()[i] = i); { var s = o.GetSpan(); o.Resize(3); {|NB0004:s[0]|} = 1; } o.Dispose();",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); Parallel.For(0, n, i => p.AsSpan()[i] = i); p.Dispose(); {|NB0006:p[0]|} = 1;",
        "var o = NativeMemoryOwner<int>.Create(n); var ts = new Task[2]; ts[0] = WriteAsync(o.Memory); o.Dispose(); await {|NB0004:ts[0]|};",
        "var o = NativeMemoryOwner<int>.Create(n); var ts = new Task[2]; for (int i = 0; i < 2; i++) ts[i] = WriteAsync(o.Memory.Slice(i)); o.Dispose(); await "
            + "{|NB0004:Task.WhenAll(ts)|};",
        "var o = NativeMemoryOwner<int>.Create(n); var ts = new Task[1]; ts[0] = WriteAsync(o.Memory); o.Dispose(); Task.WaitAll({|NB0004:ts|});",
        "var o = NativeMemoryOwner<int>.Create(n); var ts = new List<Task>(); for (int i = 0; i < 2; i++) ts.Add(WriteAsync(o.Memory)); o.Dispose(); await "
            + "{|NB0004:Task.WhenAll(ts)|};",
        "var l = new List<NativeMemoryOwner<int>>(); for (int i = 0; i < n; i++) l.Add({|NB0001:NativeMemoryOwner<int>.Create(i)|}); foreach (var o in l) o.Clear();",
        "var l = new NativeMemoryOwner<int>[2]; l[0] = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; l[0].Clear();",
        "NativeMemoryOwner<int>[] l = [{|NB0001:NativeMemoryOwner<int>.Create(n)|}]; l[0].Clear();",
        "var o = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; List<NativeMemoryOwner<int>> l = []; l.Add(o); { Span<int> s = o.GetSpan(); s[0] = 1; } n = l.Count;",
        "var l = new PooledBuffer<int>[2]; l[0] = {|NB0001:NativeMemoryPool<int>.Shared.RentBuffer(n)|}; l[0][1] = 1;",
        "return; } static Task H(int n) { using var o = NativeMemoryOwner<int>.Create(n); var ts = new Task[1]; ts[0] = WriteAsync(o.Memory); return "
            + "{|NB0004:Task.WhenAll(ts)|}; } static void I() {",
        "using var o = NativeMemoryOwner<int>.Create(n); _ = Task.Run(() => {|NB0002:o.Clear()|});",
        "using var o = NativeMemoryOwner<int>.Create(n); o.Clear(); _ = Task.Run(async () => { await Task.Delay(n); {|NB0002:o.Memory|}.Span[n] = 1; });",
        "var o = NativeMemoryOwner<int>.Create(n); ThreadPool.QueueUserWorkItem(_ => {|NB0002:o.Fill(n)|}); if (c) o.Dispose();",
        "using var o = NativeMemoryOwner<int>.Create(n); new Thread(() => {|NB0002:o.Clear()|}).Start(); await Task.Yield();",
        "for (int i = 0; i < n; i++) { using var p = NativeMemoryPool<int>.Shared.RentBuffer(n); _ = Task.Factory.StartNew(() => {|NB0006:p.AsSpan()|}[0] = 1); }",
        "using var o = NativeMemoryOwner<int>.Create(n); Action start = () => { }; Parallel.For(0, n, i => o.GetSpan()[i] = i); "
            + "_ = Task.Run(() => { Span<int> s = {|NB0002:o.GetSpan()|}; s.Fill(3); });",
        "using var o = NativeMemoryOwner<int>.Create(n); _ = Task.Run(() => {|NB0002:o.Clear()|}); _ = Task.Run(() => {|NB0002:o.Fill(1)|});",
        "var l = new List<NativeMemoryOwner<int>>(); l.Add({|NB0001:NativeMemoryOwner<int>.Create(n)|}); n = (int)l.Sum(o => o.Length);",
        "var l = new NativeMemoryOwner<int>[1]; l[0] = {|NB0001:NativeMemoryOwner<int>.Create(n)|}; c = l.Any(o => o.GetSpan()[0] == n);",
        "List<NativeMemoryOwner<int>> l = [{|NB0001:NativeMemoryOwner<int>.Create(n)|}]; n = l.Count(o => o.IsDisposed) + l.Max(o => o.GetSpan()[0]);",
    ];

    public static TheoryData<string> Right =>
    [
        "var t = (o: NativeMemoryOwner<int>.Create(n), 1); try { t.o.Clear(); } finally { t.o.Dispose(); }",
        "var t = (NativeMemoryOwner<int>.Create(n), 1); Anything(t);",
        "var t = (NativeMemoryOwner<int>.Create(n), 1); var u = t; u.Item1.Dispose();",
        "(NativeMemoryOwner<int>? o, int k) t = (null, 1); if (c) t.o = NativeMemoryOwner<int>.Create(n); t.o?.Dispose();",
        "var t = c ? (NativeMemoryOwner<int>.Create(n), 1) : (NativeMemoryOwner<int>.Create(1), 2); t.Item1.Dispose();",
        "var all = new Queue<(NativeMemoryOwner<int> o, int k)>(); while (all.TryDequeue(out var t)) t.o.Dispose(); foreach (var t in all) t.o.Dispose();",
        "object x = n; while (x is Frame f) { f.Data.Dispose(); x = Next(); } static object Next() => 1;",
        "using var f = new Own(NativeMemoryOwner<int>.Create(n)); f.Data.Clear();",
        "var f = new Known(NativeMemoryOwner<int>.Create(n)); f.Data.Clear();",
        "var f = new Frame(NativeMemoryOwner<int>.Create(n), 1); var g = f with { Id = 3 }; g.Data.Dispose();",
        "var f = new Frame(NativeMemoryOwner<int>.Create(n), 1); Anything(f);",
        "for (int i = 0; i < n; i++) { var r = new Row(NativeMemoryOwner<int>.Create(n), i); r.Keys.Clear(); r.Id++; r.Keys.Dispose(); }",
        "var a = new { Data = NativeMemoryOwner<int>.Create(n) }; a.Data.Clear(); a.Data.Dispose();",
        "var o = NativeMemoryOwner<int>.Create(n); try { Parallel.For(0, n, i => o.GetSpan()[i] = i); } finally { o.Dispose(); }",
        "var o = NativeMemoryOwner<int>.Create(n); Parallel.For(0, n, i => { if (i == 3) o.Dispose(); });",
        "var o = NativeMemoryOwner<int>.Create(n); Parallel.Invoke(() => See(o), () => Anything(o));",
        "var o = NativeMemoryOwner<int>.Create(n); _ = Task.Run(() => o.Clear());",
        "var o = NativeMemoryOwner<int>.Create(n); AppDomain.CurrentDomain.ProcessExit += (_, _) => o.Clear();",
        "var o = NativeMemoryOwner<int>.Create(n); Action clear = () => o.Clear(); clear(); Anything(clear);",
        "var o = NativeMemoryOwner<int>.Create(n); Action clear = Clear; clear(); void Clear() => o.Dispose();",
        "var o = NativeMemoryOwner<int>.Create(n); Action<int> fill = i => o.GetSpan()[i] = i; { var s = o.GetSpan(); s[0] = 1; } fill(2); o.Dispose();",
        "var o = NativeMemoryOwner<int>.Create(n); var parts = new List<int> { 1 }.ConvertAll(x => o.Memory.Slice(x)); Anything(parts);",
        "return; } static IEnumerable<int> H(int n) { var o = NativeMemoryOwner<int>.Create(n); IEnumerable<int> All() { foreach (int x in o) yield return x; } "
            + "return All(); } static void I() {",
        "var o = NativeMemoryOwner<int>.Create(n); var kept = new List<Action>(); kept.Add(() => o.Clear()); Anything(kept);",
        "var o = NativeMemoryOwner<int>.Create(n); var kept = new Action[2]; Array.Fill(kept, () => o.Clear()); Anything(kept);",
        "var o = NativeMemoryOwner<int>.Create(n); Action[] kept = { () => o.Clear() }; Anything(kept);",
        "var o = NativeMemoryOwner<int>.Create(n); Delegate kept = () => o.Clear(); Anything(kept);",
        "var o = NativeMemoryOwner<int>.Create(n); void Clear() => o.Clear(); AppDomain.CurrentDomain.ProcessExit += (_, _) => Clear();",
        "var o = NativeMemoryOwner<int>.Create(n); Action clear = () => o.Clear(); AppDomain.CurrentDomain.ProcessExit += (_, _) => clear();",
        "var o = NativeMemoryOwner<int>.Create(n); Parallel.For(0, n, async i => { await Task.Yield(); o.GetSpan()[i] = i; });",
        "var o = NativeMemoryOwner<int>.Create(n); new List<int> { 1 }.ForEach(async i => { await Task.Yield(); o.GetSpan()[i] = i; });",
        "var l = new List<NativeMemoryOwner<int>>(); l.Add(NativeMemoryOwner<int>.Create(n)); foreach (var o in l) o.Dispose();",
        "var l = new List<NativeMemoryOwner<int>>(); l.Add(NativeMemoryOwner<int>.Create(n)); foreach (var o in l) using (o) o.Clear();",
        "var l = new List<NativeMemoryOwner<int>>(); l.Add(NativeMemoryOwner<int>.Create(n)); void End() { foreach (var o in l) o.Dispose(); } End();",
        "var l = new NativeMemoryOwner<int>[2]; l[0] = NativeMemoryOwner<int>.Create(n); l[1] = l[0]; l[0].Clear();",
        "NativeMemoryOwner<int>[] l = [NativeMemoryOwner<int>.Create(n)]; Array.ForEach(l, x => x.Dispose());",
        "var o = NativeMemoryOwner<int>.Create(n); var l = new List<NativeMemoryOwner<int>>(); l.Add(o); n = l.Count; o.Dispose();",
        "var l = new List<NativeMemoryOwner<int>>(); l.Add(NativeMemoryOwner<int>.Create(n)); Anything(l);",
        "var l = All; l.Add(NativeMemoryOwner<int>.Create(n)); } static List<NativeMemoryOwner<int>> All { get; } = []; static void H() {",
        "var o = NativeMemoryOwner<int>.Create(n); var ts = new Task[2]; for (int i = 0; i < 2; i++) ts[i] = WriteAsync(o.Memory); await Task.WhenAll(ts); "
            + "o.Dispose();",
        "var a = NativeMemoryOwner<int>.Create(n); var b = NativeMemoryOwner<int>.Create(n); var ts = new Task[2]; ts[0] = WriteAsync(a.Memory); ts[1] = "
            + "WriteAsync(b.Memory); await ts[0]; a.Dispose(); await ts[1]; b.Dispose();",
        "var o = NativeMemoryOwner<int>.Create(n); var ts = new List<Task>(); ts.Add(WriteAsync(o.Memory)); foreach (var t in ts) await t; o.Dispose(); await "
            + "Task.WhenAll(ts);",
        "var o = NativeMemoryOwner<int>.Create(n); var ts = new Task[1]; ts[0] = WriteAsync(o.Memory); Task.WaitAll(ts); o.Dispose(); Task.WaitAll(ts);",
        "var o = NativeMemoryOwner<int>.Create(n); var ts = new Task[1]; ts[0] = WriteAsync(o.Memory); Anything(ts); o.Dispose(); await ts[0];",
        "using var o = NativeMemoryOwner<int>.Create(n); var done = new ManualResetEventSlim(); _ = Task.Run(() => { o.Clear(); done.Set(); }); done.Wait();",
        "using var o = NativeMemoryOwner<int>.Create(n); bool done = false; _ = Task.Run(() => { o.Clear(); done = true; }); while (!done) Thread.Yield();",
        "using var o = NativeMemoryOwner<int>.Create(n); _ = Task.Run(() => { o.Clear(); Work(); }); Work();",
        "using var o = NativeMemoryOwner<int>.Create(n); _ = Task.Run(() => o.Fill(1)); while (o.GetSpan()[n - 1] == 0) Thread.Yield();",
        "using var o = NativeMemoryOwner<int>.Create(n); for (int i = 0; o.GetSpan()[0] == 0; i++) { if (i == 0) _ = Task.Run(() => o.Fill(1)); }",
        "using var o = NativeMemoryOwner<int>.Create(n); var t = Task.Run(() => o.Clear()); Anything(t); await t;",
        "using var o = NativeMemoryOwner<int>.Create(n); var done = new TaskCompletionSource(); _ = Task.Run(() => o.Clear()).ContinueWith(_ => done.SetResult()); "
            + "await done.Task;",
        "using var o = NativeMemoryOwner<int>.Create(n); var t = new Thread(() => o.Clear()); t.Start(); t.Join();",
        "var o = NativeMemoryOwner<int>.Create(n); _ = Task.Run(() => o.Dispose());",
        "var o = NativeMemoryOwner<int>.Create(n); new Thread(() => { using (o) o.Clear(); }).Start();",
        "var l = new List<NativeMemoryOwner<int>>(); l.Add(NativeMemoryOwner<int>.Create(n)); l.First().Dispose();",
        "var l = new List<NativeMemoryOwner<int>>(); l.Add(NativeMemoryOwner<int>.Create(n)); n = l.Sum(o => { o.Dispose(); return 1; });",
        "var l = new List<NativeMemoryOwner<int>>(); l.Add(NativeMemoryOwner<int>.Create(n)); c = l.All(End); static bool End(NativeMemoryOwner<int> o) { o.Dispose(); return true; }",
        "var l = new List<NativeMemoryOwner<int>>(); l.Add(NativeMemoryOwner<int>.Create(n)); n = l.Count(o => o.Length > 1); foreach (var o in l) o.Dispose();",
    ];

    [Theory]
    [MemberData(nameof(Wrong))]
    public Task Reported(string body) => Shape.CheckAsync(Types + body + " } static int G() {");

    [Theory]
    [MemberData(nameof(Right))]
    public Task Silent(string body) => Shape.CheckAsync(Types + body + " } static int G() {");
}
