using NativeBuffers.Analyzers.CodeFixes;
using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.CodeFixes;

public sealed class CheckProductTests
{
    public static TheoryData<string, string> Fixes => new()
    {
        { "nint M(int n) => Marshal.AllocHGlobal({|NB0008:n * sizeof(int)|});", "nint M(int n) => Marshal.AllocHGlobal(checked(n * sizeof(int)));" },
        { "void* M(int n) => NativeMemory.Alloc((nuint)({|NB0008:n * 8|}));", "void* M(int n) => NativeMemory.Alloc((nuint)(checked(n * 8)));" },
        { "nint M(int n) => Marshal.AllocHGlobal(16 + {|NB0008:n * 4|});", "nint M(int n) => Marshal.AllocHGlobal(16 + checked(n * 4));" },
        {
            "nint A(int n) => Marshal.AllocHGlobal({|NB0008:n * 4|}); nint B(int n) => Marshal.AllocCoTaskMem({|NB0008:n * 8|});",
            "nint A(int n) => Marshal.AllocHGlobal(checked(n * 4)); nint B(int n) => Marshal.AllocCoTaskMem(checked(n * 8));"
        },
    };

    [Theory]
    [MemberData(nameof(Fixes))]
    public Task A_product_is_checked(string before, string after) =>
        Fixed<RawMemoryAnalyzer, CheckProduct>.CheckAsync("NB0008", RawShape.Program(before), RawShape.Program(after));
}
