using System.Runtime.InteropServices;

namespace NativeBuffers.ApiCheck;

/// <summary>Memory that C reads, and memory that C frees.</summary>
internal static partial class InteropChecks
{
    private static int s_freed;

    public static (string Name, Action Run)[] All =>
    [
        ("handles of each kind read and write", Handles),
        ("a handle becomes an owner and back", HandleToOwner),
        ("C reads an owner", OwnerAsParameter),
        ("C frees an owner", FreedByC),
        ("an owner is freed by a function of C", AdoptedFromC),
        ("functions of C as an allocator", FromFunctions),
    ];

    private static void Handles()
    {
        SafeNativeBuffer[] handles =
        [
            SafeMallocBuffer.Allocate(100), SafeAlignedBuffer.Allocate(100), SafeHGlobalBuffer.Allocate(100), SafeCoTaskMemBuffer.Allocate(100),
            SafePagesBuffer.Allocate(100),
        ];
        foreach (SafeNativeBuffer handle in handles)
        {
            using (handle)
            {
                Check.That(handle.Read<long>(0) == 0);
                handle.Write(92, 42L);
                Check.That(handle.Read<long>(92) == 42);
                Check.Throws<ArgumentException>(() => handle.Write(93, 42L));
            }
        }
    }

    private static void HandleToOwner()
    {
        SafeMallocBuffer handle = SafeMallocBuffer.Allocate(16);
        handle.Write(8, 42L);
        using NativeMemoryOwner<long> owner = handle.ToOwner<long>();
        Check.That(handle.IsClosed && owner.Memory.Span[1] == 42);
        using SafeMallocBuffer back = SafeMallocBuffer.FromOwner(owner);
        Check.That(back.Read<long>(8) == 42);
    }

    private static void OwnerAsParameter()
    {
        var text = NativeMemoryOwner<byte>.CreateFrom("some text\0"u8);
        using (Borrow<byte> borrow = text.Borrow())
        {
            Check.That(OperatingSystem.IsWindows() ? LengthOnWindows(borrow) == 9 : LengthOf(borrow) == 9);
        }

        Check.That((OperatingSystem.IsWindows() ? LengthOnWindows(text) : LengthOf(text)) == 9);
        text.Dispose();
        Check.Throws<ObjectDisposedException>(() => _ = OperatingSystem.IsWindows() ? LengthOnWindows(text) : LengthOf(text));
    }

    private static unsafe void FreedByC()
    {
        int* block = NativeMemoryOwner<int>.CreateFrom([1, 2, 3]).Release(out delegate* unmanaged<void*, void> free);
        Check.That(block[2] == 3);
        free(block);
        free(block);
    }

    private static unsafe void AdoptedFromC()
    {
        s_freed = 0;
        void* block = NativeMemory.AllocZeroed(100);
        var owner = NativeMemoryOwner<byte>.Adopt((byte*)block, 100, NativeAllocator.FromFree("C", &CountAndFree));
        Check.That(owner.Memory.Span[99] == 0);
        owner.Dispose();
        Check.That(s_freed == 1);
    }

    private static unsafe void FromFunctions()
    {
        s_freed = 0;
        NativeAllocator allocator = NativeAllocator.FromFunctions("C", &Allocate, null, &CountAndFree);
        using (var buffer = NativeBuffer.CreateFrom<int>([1, 2, 3], allocator))
        {
            buffer.Resize(1000);
            Check.That(buffer[2] == 3 && buffer[999] == 0);
        }

        Check.That(s_freed == 2);
    }

    [LibraryImport("libc", EntryPoint = "strlen")]
    private static partial nuint LengthOf(NativeMemoryOwner<byte> text);

    [LibraryImport("libc", EntryPoint = "strlen")]
    private static partial nuint LengthOf(Borrow<byte> text);

    [LibraryImport("msvcrt", EntryPoint = "strlen")]
    private static partial nuint LengthOnWindows(NativeMemoryOwner<byte> text);

    [LibraryImport("msvcrt", EntryPoint = "strlen")]
    private static partial nuint LengthOnWindows(Borrow<byte> text);

    [UnmanagedCallersOnly]
    private static unsafe void* Allocate(nuint byteCount) => NativeMemory.Alloc(byteCount);

    [UnmanagedCallersOnly]
    private static unsafe void CountAndFree(void* block)
    {
        s_freed++;
        NativeMemory.Free(block);
    }
}
