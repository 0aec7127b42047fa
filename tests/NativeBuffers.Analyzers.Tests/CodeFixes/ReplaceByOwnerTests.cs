using NativeBuffers.Analyzers.CodeFixes;
using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.CodeFixes;

public sealed class ReplaceByOwnerTests
{
    public static TheoryData<string, string> Fixes => new()
    {
        {
            """
            int* p = (int*){|NB0010:NativeMemory.Alloc((nuint)n, sizeof(int))|};
                    try
                    {
                        p[0] = 1;
                    }
                    finally
                    {
                        NativeMemory.Free(p);
                    }
            """,
            """
            using var pBuffer = NativeBuffer.CreateUninitialized<int>(n);
                    int* p = pBuffer.Pointer;
                    p[0] = 1;
            """
        },
        {
            """
            var p = (long*){|NB0010:NativeMemory.AllocZeroed((nuint)n * sizeof(long))|};
                    Call(p);
                    NativeMemory.Free(p);
            """,
            """
            using var pBuffer = NativeBuffer.Create<long>(n);
                    long* p = pBuffer.Pointer;
                    Call(p);
            """
        },
        {
            """
            void* p = {|NB0010:NativeMemory.Alloc((nuint)n)|};
                    try
                    {
                        Call(p);
                    }
                    finally
                    {
                        NativeMemory.Free(p);
                        Console.WriteLine();
                    }
            """,
            """
            using var pBuffer = NativeBuffer.CreateUninitialized<byte>(n);
                    void* p = (void*)pBuffer.Pointer;
                    try
                    {
                        Call(p);
                    }
                    finally
                    {
                        Console.WriteLine();
                    }
            """
        },
        {
            """
            float* p = (float*){|NB0010:NativeMemory.AlignedAlloc((nuint)n * sizeof(float), 64)|};
                    Call(p);
                    NativeMemory.AlignedFree(p);
            """,
            """
            using var pBuffer = NativeBuffer.CreateUninitialized<float>(n, NativeAllocator.Aligned(64));
                    float* p = pBuffer.Pointer;
                    Call(p);
            """
        },
        {
            """
            // The file's header.
                    IntPtr p = {|NB0010:Marshal.AllocHGlobal(4 * n)|};
                    try
                    {
                        Call(p); // Reads it.
                        if (n == 3) return;
                    }
                    finally
                    {
                        Marshal.FreeHGlobal(p);
                    }
            """,
            """
            // The file's header.
                    using var pBuffer = SafeHGlobalBuffer.AllocateUninitialized(4 * n);
                    IntPtr p = pBuffer.DangerousGetHandle();
                    Call(p); // Reads it.
                    if (n == 3) return;
            """
        },
        {
            """
            nint p = {|NB0010:Marshal.AllocCoTaskMem(n)|};
                    Call(p);
                    Marshal.FreeCoTaskMem(p);
            """,
            """
            using var pBuffer = SafeCoTaskMemBuffer.AllocateUninitialized(n);
                    nint p = pBuffer.DangerousGetHandle();
                    Call(p);
            """
        },
        {
            """
            int[] a = {|NB0010:ArrayPool<int>.Shared.Rent(n)|};
                    try
                    {
                        a[0] = a.Length;
                        Show(a);
                    }
                    finally
                    {
                        ArrayPool<int>.Shared.Return(a);
                    }
            """,
            """
            using var aBuffer = NativeBuffer.CreateUninitialized<int>(n);
                    Span<int> a = aBuffer.AsSpan();
                    a[0] = a.Length;
                    Show(a);
            """
        },
        {
            """
            int* p = (int*){|NB0010:NativeMemory.Alloc((nuint)n, 4)|};
                    try
                    {
                        int i = 1;
                        p[0] = i;
                    }
                    finally
                    {
                        NativeMemory.Free(p);
                    }

                    for (int i = 0; i < n; i++) { }
            """,
            """
            using var pBuffer = NativeBuffer.CreateUninitialized<int>(n);
                    int* p = pBuffer.Pointer;
                    {
                        int i = 1;
                        p[0] = i;
                    }

                    for (int i = 0; i < n; i++) { }
            """
        },
        {
            """
            void* p = {|NB0010:NativeAllocator.Pages.Allocate((nuint)n)|};
                    int* q = (int*){|NB0010:NativeMemory.Alloc(16)|};
                    Call(p);
                    Call(q);
                    NativeAllocator.Pages.Free(p, (nuint)n);
                    NativeMemory.Free(q);
            """,
            """
            using var pBuffer = NativeBuffer.Create<byte>(n, NativeAllocator.Pages);
                    void* p = (void*)pBuffer.Pointer;
                    using var qBuffer = NativeBuffer.CreateUninitialized<byte>(16);
                    int* q = (int*)qBuffer.Pointer;
                    Call(p);
                    Call(q);
            """
        },
    };

    [Theory]
    [MemberData(nameof(Fixes))]
    public Task An_owner_replaces_the_pair(string before, string after) =>
        Fixed<RawMemoryAnalyzer, ReplaceByOwner>.CheckAsync("NB0010", Program(before), Program(after));

    private static string Program(string statements) => RawShape.Program(
        $$"""
        void M(int n)
            {
                {{statements}}
            }
        """);
}
