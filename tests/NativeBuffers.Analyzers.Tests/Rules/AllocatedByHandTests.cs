using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.Rules;

/// <summary>NB0010.</summary>
public sealed class AllocatedByHandTests
{
    public static TheoryData<string> Wrong =>
    [
        "void M(nuint n) { int* p = (int*){|NB0010:NativeMemory.Alloc(n, 4)|}; try { p[0] = 1; } finally { NativeMemory.Free(p); } }",
        "void M(nuint n) { void* p = {|NB0010:NativeMemory.AllocZeroed(n)|}; Call(p); NativeMemory.Free(p); }",
        "void M(nuint n) { void* p = {|NB0010:NativeMemory.AlignedAlloc(n, 64)|}; try { Call(p); } finally { NativeMemory.AlignedFree(p); } }",
        "void M(int n) { nint p = {|NB0010:Marshal.AllocHGlobal(n)|}; try { Call(p); } finally { Marshal.FreeHGlobal(p); } }",
        "int M(int n) { nint p = {|NB0010:Marshal.AllocCoTaskMem(n)|}; int x = Marshal.ReadInt32(p); Marshal.FreeCoTaskMem(p); return x; }",
        "void M(nuint n) { void* p = {|NB0010:NativeAllocator.Malloc.Allocate(n)|}; Call(p); NativeAllocator.Malloc.Free(p, n); }",
        "int M(int n) { int[] a = {|NB0010:ArrayPool<int>.Shared.Rent(n)|}; try { return a[0]; } finally { ArrayPool<int>.Shared.Return(a); } }",
        "void M(int n) { var a = {|NB0010:ArrayPool<int>.Shared.Rent(n)|}; Show(a); ArrayPool<int>.Shared.Return(a, clearArray: true); }",
        "Action M(int n) => () => { nint p = {|NB0010:Marshal.AllocHGlobal(n)|}; Call(p); Marshal.FreeHGlobal(p); };",
        "void M(int n) { nint p = {|NB0010:Marshal.AllocHGlobal(n)|}; if (p == 0) return; Call(p); Marshal.FreeHGlobal(p); }",
    ];

    public static TheoryData<string> Right =>
    [
        "void M(int n) { using var b = NativeBuffer.Create<int>(n); b[0] = 1; }",
        "nint M(int n) { nint p = Marshal.AllocHGlobal(n); if (n == 3) { Marshal.FreeHGlobal(p); return 0; } return p; }",
        "private nint _p; void M(int n) { nint p = Marshal.AllocHGlobal(n); _p = p; Marshal.FreeHGlobal(p); }",
        "void M(int n, out nint q) { nint p = Marshal.AllocHGlobal(n); q = p; }",
        "void M(int n) { nint p = Marshal.AllocHGlobal(n); Change(ref p); Marshal.FreeHGlobal(p); } static void Change(ref nint p) { }",
        "Action M(int n) { nint p = Marshal.AllocHGlobal(n); return () => Marshal.FreeHGlobal(p); }",
        "void M(string s) { nint p = Marshal.StringToHGlobalUni(s); Call(p); Marshal.FreeHGlobal(p); }",
        "void M(int n) { int[] a = ArrayPool<int>.Shared.Rent(n); Store(a); ArrayPool<int>.Shared.Return(a); }",
        "void M(int n) { string[] a = ArrayPool<string>.Shared.Rent(n); a[0] = null; ArrayPool<string>.Shared.Return(a); }",
        "} public class Safe { async Task M(int n) { int[] a = ArrayPool<int>.Shared.Rent(n); a[0] = 1; await Task.Yield(); ArrayPool<int>.Shared.Return(a); }",
        "void M(int n) { nint p = Marshal.AllocHGlobal(n); Call(p); }",
        "void M(nint p) => Marshal.FreeHGlobal(p);",
    ];

    [Theory]
    [MemberData(nameof(Wrong))]
    public Task Reported(string members) => RawShape.CheckAsync("NB0010", members);

    [Theory]
    [MemberData(nameof(Right))]
    public Task Silent(string members) => RawShape.CheckAsync("NB0010", members);
}
