using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.Rules;

/// <summary>NB0008.</summary>
public sealed class UncheckedByteCountTests
{
    public static TheoryData<string> Wrong =>
    [
        "nint M(int n) => Marshal.AllocHGlobal({|NB0008:n * sizeof(int)|});",
        "nint M(int n) => Marshal.AllocCoTaskMem({|NB0008:8 * n|});",
        "void* M(int n) => NativeMemory.Alloc((nuint)({|NB0008:n * sizeof(long)|}));",
        "void* M(int n, int m) => NativeMemory.AllocZeroed((nuint)({|NB0008:n * m|}), sizeof(int));",
        "void* M(int n) => NativeMemory.AlignedAlloc((nuint)(16 + {|NB0008:n * sizeof(int)|}), 64);",
        "nint M(int n) { int bytes = {|NB0008:n * sizeof(int)|}; return Marshal.AllocHGlobal(bytes); }",
        "nint M(nint p, int n) => Marshal.ReAllocHGlobal(p, (nint)({|NB0008:n * 4|}));",
        "void* M(int[] a) => NativeAllocator.Malloc.Allocate((nuint)({|NB0008:a.Length * sizeof(int)|}));",
        "nint M<T>(int n) where T : unmanaged => Marshal.AllocHGlobal({|NB0008:n * sizeof(T)|});",
        "void* M(uint n) => NativeMemory.Alloc({|NB0008:n * 8u|});",
        "nint M(int n) { if (n > 0) return Marshal.AllocHGlobal({|NB0008:n * sizeof(int)|}); return 0; }",
        "nint M(int w, int h) { for (int i = 0; i < h; i++) { } return Marshal.AllocHGlobal({|NB0008:w * h|}); }",
    ];

    public static TheoryData<string> Right =>
    [
        "nint M(int n) => Marshal.AllocHGlobal(checked(n * sizeof(int)));",
        "void* M(int n) => NativeMemory.Alloc((nuint)n * sizeof(int));",
        "void* M(int n) => NativeMemory.Alloc((nuint)n, sizeof(int));",
        "nint M() => Marshal.AllocHGlobal(1024 * sizeof(int));",
        "nint M() => Marshal.AllocHGlobal(10 * sizeof(Guid));",
        "nint M() => Marshal.AllocHGlobal(3 * IntPtr.Size);",
        "nint M() { int size = Marshal.SizeOf<Guid>(); return Marshal.AllocHGlobal(2 * size); }",
        "nint M(byte n) => Marshal.AllocHGlobal(n * sizeof(int));",
        "nint M(short n, byte m) => Marshal.AllocHGlobal(n * m);",
        "nint M(int n) { if (n > int.MaxValue / sizeof(int)) throw new ArgumentException(); return Marshal.AllocHGlobal(n * sizeof(int)); }",
        "nint M(int n) { ArgumentOutOfRangeException.ThrowIfGreaterThan(n, 1000); return Marshal.AllocHGlobal(n * sizeof(int)); }",
        "nint M(int n) { checked { int bytes = n * sizeof(int); return Marshal.AllocHGlobal(bytes); } }",
        "int[] M(int n) => new int[n * 2];",
        "nint M(int n) { int bytes = n * 4; bytes = 16; return Marshal.AllocHGlobal(bytes); }",
        "nint M(int n) => Marshal.AllocHGlobal(n + sizeof(int));",
        "nint M(int n) { if (n is < 0 or > 100) return 0; return n <= 100 ? Marshal.AllocHGlobal(n * 4) : 0; }",
    ];

    [Theory]
    [MemberData(nameof(Wrong))]
    public Task Reported(string members) => RawShape.CheckAsync("NB0008", members);

    [Theory]
    [MemberData(nameof(Right))]
    public Task Silent(string members) => RawShape.CheckAsync("NB0008", members);
}
