namespace NativeBuffers.Tests.CompileFail;

/// <summary>The rule CA2000, which many projects switch on, reports no right use of the library, and reports owners that are never disposed.</summary>
[Slow]
public sealed class DisposalRuleTests
{
    public static TheoryData<string> Right =>
    [
        "using var b = NativeBuffer.Create<int>(n); return b[0];",
        "using var b = NativeBuffer.Create<int>(n, NativeAllocator.Malloc); return b[0];",
        "using var b = NativeBuffer.CreateUninitialized<int>(n); return b[0];",
        "using var b = NativeBuffer.CreateFrom<int>(new int[n]); return b[0];",
        "using (var b = NativeBuffer.Create<int>(n)) { return b[0]; }",
        "var b = NativeBuffer.Create<int>(n); try { return b[0]; } finally { b.Dispose(); }",
        "var b = NativeBuffer.Create<int>(n); b.Dispose(); return 0;",
        "for (int i = 0; i < n; i++) { using var b = NativeBuffer.Create<int>(n); b[0] = i; } return 0;",
        "using var b = NativeBuffer.Create<int>(n); using NativeBuffer<int> c = b.Move(); return c[0];",
        "using var b = NativeBuffer.Create<int>(n); using NativeMemoryOwner<int> c = b.ToOwner(); return 0;",
        "if (!NativeBuffer.TryCreate(n, out NativeBuffer<int> b)) return 0; using (b) { return b[0]; }",
        "if (!NativeBuffer.TryCreate(n, out NativeBuffer<int> b)) return 0; try { return b[0]; } finally { b.Dispose(); }",
        "using var l = new ScratchList<int>(stackalloc int[8]); l.Add(n); return l[0];",
        "var l = new ScratchList<int>(stackalloc int[8]); try { l.Add(n); return l[0]; } finally { l.Dispose(); }",
        "using var a = NativeArena.Create(); using ArenaScope s = a.BeginScope(); using var t = s.BeginScope(); return t.Allocate<int>(n)[0];",
        "var a = NativeArena.Create(); try { return a.Allocate<int>(n)[0]; } finally { a.Dispose(); }",
        "using var a = NativeArenaOwner.Create(); using var b = a.Borrow(); return b.Allocate<int>(n)[0];",
        "using var o = NativeMemoryOwner<int>.Create(n); using var b = o.Borrow(); return b[0];",
        "using var o = NativeMemoryOwner<int>.CreateFrom([1, 2]); using var kept = o.Retain(); return kept.Memory.Length;",
        "var o = NativeMemoryOwner<int>.Create(n); try { var b = o.Borrow(); try { return b[0]; } finally { b.Dispose(); } } finally { o.Dispose(); }",
        "using var p = NativeMemoryPool<int>.Shared.RentBuffer(n); return p.AsSpan()[0];",
        "var p = NativeMemoryPool<int>.Shared.RentBuffer(n); try { return p.AsSpan()[0]; } finally { p.Dispose(); }",
        "using var pool = new NativeMemoryPool<int>(new NativePoolOptions()); using var p = pool.Rent(n); return p.Memory.Length;",
        "using var l = new NativeList<int>(n); l.Add(n); return l[0];",
        "using var h = SafeMallocBuffer.Allocate(n); return (int)h.ByteLength;",
        "using var r = NativeRegion.Reserve(n); using var s = StableBuffer<int>.Reserve(n); return 0;",
        "using var f = MappedFile<int>.Open(\"file\"); using var r = f.BorrowReadOnly(); using var m = SharedMemory<int>.Create(\"name\", n); return 0;",
    ];

    public static TheoryData<string> Wrong =>
    [
        "var b = NativeBuffer.Create<int>(n); return b[0];",
        "var b = NativeBuffer.CreateUninitialized<int>(n); return b[0];",
        "var b = NativeBuffer.CreateFrom<int>(new int[n]); return b[0];",
        "var b = NativeBuffer.Create<int>(n); if (n > 3) return 0; b.Dispose(); return 1;",
        "var l = new ScratchList<int>(stackalloc int[8]); l.Add(n); return l[0];",
        "var a = NativeArena.Create(); return a.Allocate<int>(n)[0];",

        // Right, but the rule knows no member that takes ownership over.
        "if (!NativeBuffer.TryCreate(n, out NativeBuffer<int> b)) return 0; using var mine = b.Move(); return mine[0];",
    ];

    [Theory]
    [MemberData(nameof(Right))]
    public async Task A_right_use_is_not_accused(string body) => Assert.Empty(await AccuseAsync(body));

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task An_owner_that_is_never_disposed_is_reported(string body) => Assert.Equal([5], await AccuseAsync(body));

    private static async Task<IReadOnlyList<int>> AccuseAsync(string body)
    {
        Assert.SkipUnless(DisposalRule.IsInstalled, "The rule comes with the SDK.");
        return await DisposalRule.AccuseAsync(
            $$"""
            public static class Program
            {
                public static int Use(int n)
                {
                    {{body}}
                }
            }
            """);
    }
}
