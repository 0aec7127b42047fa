using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.Rules;

/// <summary>NB0007.</summary>
public sealed class MismatchedFreeTests
{
    public static TheoryData<string> Wrong =>
    [
        "void M(int n) { nint p = Marshal.AllocHGlobal(n); {|NB0007:Marshal.FreeCoTaskMem(p)|}; }",
        "void M(int n) { nint p = Marshal.AllocCoTaskMem(n); Call(p); {|NB0007:Marshal.FreeHGlobal(p)|}; }",
        "void M(nuint n) { void* p = NativeMemory.AlignedAlloc(n, 64); {|NB0007:NativeMemory.Free(p)|}; }",
        "void M(nuint n) { int* p = (int*)NativeMemory.Alloc(n, 4); try { p[0] = 1; } finally { {|NB0007:NativeMemory.AlignedFree(p)|}; } }",
        "void M(int n) { void* p = (void*)Marshal.AllocHGlobal(n); {|NB0007:NativeMemory.Free(p)|}; }",
        "void M(string s) { nint p = Marshal.StringToCoTaskMemUTF8(s); {|NB0007:Marshal.FreeHGlobal(p)|}; }",
        "void M(string s) { nint p = Marshal.StringToBSTR(s); {|NB0007:Marshal.FreeCoTaskMem(p)|}; }",
        "void M(string s) { {|NB0007:Marshal.FreeCoTaskMem(Marshal.StringToHGlobalUni(s))|}; }",
        "void M(nuint n) { byte* p = null; p = (byte*)NativeMemory.AllocZeroed(n); byte* q = p; {|NB0007:Marshal.FreeHGlobal((nint)q)|}; }",
        "void M(nuint n) { void* p = NativeMemory.Alloc(n); p = {|NB0007:NativeMemory.AlignedRealloc(p, n, 64)|}; NativeMemory.AlignedFree(p); }",
        "private nint _block = Marshal.AllocHGlobal(16); public void Dispose() { {|NB0007:Marshal.FreeCoTaskMem(_block)|}; _block = 0; }",
        "private void* _block; Program(nuint n) => _block = NativeMemory.AlignedAlloc(n, 64); public void Dispose() => {|NB0007:NativeMemory.Free(_block)|};",
        "void M(nuint n) { void* p = NativeAllocator.Malloc.Allocate(n); {|NB0007:NativeMemory.Free(p)|}; }",
        "void M(nuint n) { void* p = NativeAllocator.Pages.Allocate(n); {|NB0007:NativeAllocator.Malloc.Free(p, n)|}; }",
        "object M(int n) { int* p = (int*)Marshal.AllocHGlobal(4 * n); return {|NB0007:NativeMemoryOwner<int>.Adopt(p, n, NativeAllocator.Malloc)|}; }",
        "object M(nuint n) { var p = (int*)NativeMemory.Alloc(n); return {|NB0007:NativeMemoryOwner<int>.Adopt(p, 1, NativeAllocator.Default)|}; }",
        "void M(bool c, int n) { nint p = c ? Marshal.AllocHGlobal(n) : Marshal.StringToHGlobalAnsi(null); {|NB0007:Marshal.FreeBSTR(p)|}; }",
        "class Inner { nint _p = Marshal.AllocHGlobal(8); ~Inner() => {|NB0007:Marshal.FreeCoTaskMem(_p)|}; }",
    ];

    public static TheoryData<string> Right =>
    [
        "void M(int n) { nint p = Marshal.AllocHGlobal(n); Marshal.FreeHGlobal(p); }",
        "void M(int n) { nint p = Marshal.AllocCoTaskMem(n); p = Marshal.ReAllocCoTaskMem(p, 2 * n); Marshal.FreeCoTaskMem(p); }",
        "void M(nuint n) { void* p = NativeMemory.AlignedAlloc(n, 64); NativeMemory.AlignedFree(p); }",
        "void M(string s) { nint p = Marshal.StringToHGlobalUni(s); Marshal.FreeHGlobal(p); nint b = Marshal.StringToBSTR(s); Marshal.ZeroFreeBSTR(b); }",
        "void M(System.Security.SecureString s) { nint p = Marshal.SecureStringToGlobalAllocUnicode(s); Marshal.ZeroFreeGlobalAllocUnicode(p); }",
        "void M(nint p) { Marshal.FreeHGlobal(p); }",
        "void M(bool c, int n) { nint p = c ? Marshal.AllocHGlobal(n) : Marshal.AllocCoTaskMem(n); if (c) Marshal.FreeHGlobal(p); else Marshal.FreeCoTaskMem(p); }",
        "void M(int n) { nint p = Marshal.AllocHGlobal(n); Marshal.FreeHGlobal(p); p = Marshal.AllocCoTaskMem(n); Marshal.FreeCoTaskMem(p); }",
        "void M(int n) { nint p = Marshal.AllocHGlobal(n); Change(ref p); Marshal.FreeCoTaskMem(p); } static void Change(ref nint p) { }",
        "void M(int n) { Make(out nint p); Marshal.FreeCoTaskMem(p); } static void Make(out nint p) => p = 0;",
        "public nint _block = Marshal.AllocHGlobal(16); public void Dispose() => Marshal.FreeCoTaskMem(_block);",
        "private nint _p; void A(int n) => _p = Marshal.AllocHGlobal(n); void B(nint given) => _p = given; void C() => Marshal.FreeCoTaskMem(_p);",
        "void M(NativeAllocator a, nuint n) { void* p = a.Allocate(n); NativeAllocator.Malloc.Free(p, n); }",
        "object M(nuint n) { var p = (int*)NativeMemory.Alloc(n); return NativeMemoryOwner<int>.Adopt(p, 1, NativeAllocator.Malloc); }",
        "object M(int n) { var p = (int*)Marshal.AllocHGlobal(n); return NativeMemoryOwner<int>.Adopt(p, 1, NativeAllocator.HGlobal); }",
        "void M(nuint n) { void* p = NativeAllocator.Pages.Allocate(n); NativeAllocator.Pages.Free(p, n); }",
        "private nint _p = Marshal.AllocHGlobal(8); void M() => Marshal.FreeCoTaskMem(_p); class Inner { void Set(Program p, nint given) => p._p = given; }",
        "static class Marshal { public static nint AllocHGlobal(int n) => 0; } void M() => NativeMemory.Free((void*)Marshal.AllocHGlobal(1));",
    ];

    [Theory]
    [MemberData(nameof(Wrong))]
    public Task Reported(string members) => RawShape.CheckAsync("NB0007", members);

    [Theory]
    [MemberData(nameof(Right))]
    public Task Silent(string members) => RawShape.CheckAsync("NB0007", members);
}
