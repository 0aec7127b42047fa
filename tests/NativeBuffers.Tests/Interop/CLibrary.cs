using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Interop;

/// <summary>The C library's own functions, as a user would declare them.</summary>
internal static partial class CLibrary
{
    private const string Name = "libc";

    public const int ReadAndWrite = 1 | 2;
    public const int PrivateAndAnonymous = 2 | 0x20;

    [LibraryImport(Name, EntryPoint = "malloc")]
    public static partial SafeMallocBuffer Malloc(nuint byteCount);

    [LibraryImport(Name, EntryPoint = "calloc")]
    public static partial SafeMallocBuffer Calloc(nuint length, nuint elementSize);

    [LibraryImport(Name, EntryPoint = "strdup", StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeMallocBuffer Duplicate(string text);

    [LibraryImport(Name, EntryPoint = "aligned_alloc")]
    public static partial SafeAlignedBuffer AlignedAlloc(nuint alignment, nuint byteCount);

    [LibraryImport(Name, EntryPoint = "posix_memalign")]
    public static partial int PosixMemalign(out SafeAlignedBuffer block, nuint alignment, nuint byteCount);

    [LibraryImport(Name, EntryPoint = "mmap", SetLastError = true)]
    public static partial SafePagesBuffer Map(nint address, nuint byteCount, int protection, int flags, int file, nint offset);

    [LibraryImport(Name, EntryPoint = "munmap")]
    public static partial int Unmap(nint address, nuint byteCount);

    [LibraryImport(Name, EntryPoint = "free")]
    public static partial void Free(SafeMallocBuffer block);

    [LibraryImport(Name, EntryPoint = "memcpy")]
    public static partial nint Copy(SafeNativeBuffer target, SafeNativeBuffer source, nuint byteCount);

    [LibraryImport(Name, EntryPoint = "strlen")]
    public static partial nuint LengthOfText(SafeNativeBuffer text);

    [LibraryImport(Name, EntryPoint = "memcpy")]
    public static partial nint Copy(NativeMemoryOwner<byte>? target, NativeMemoryOwner<byte>? source, nuint byteCount);

    [LibraryImport(Name, EntryPoint = "memcpy")]
    public static partial nint Copy(PooledBuffer<byte> target, NativeMemoryOwner<byte> source, nuint byteCount);

    [LibraryImport(Name, EntryPoint = "memcpy")]
    public static partial nint Copy(NativeBuffer<byte> target, Borrow<byte> source, nuint byteCount);

    [LibraryImport(Name, EntryPoint = "memcpy")]
    public static partial nint Copy(Borrow<byte> target, Borrow<byte> source, nuint byteCount);

    [LibraryImport(Name, EntryPoint = "strlen")]
    public static partial nuint LengthOfText(NativeMemoryOwner<byte> text);

    [LibraryImport(Name, EntryPoint = "strlen")]
    public static partial nuint LengthOfText(NativeBuffer<byte> text);

    [LibraryImport(Name, EntryPoint = "strlen")]
    public static partial nuint LengthOfText(Borrow<byte> text);

    [LibraryImport(Name, EntryPoint = "strlen")]
    public static partial nuint LengthOfText(ReadOnlyBorrow<byte> text);

    [LibraryImport(Name, EntryPoint = "qsort")]
    public static unsafe partial void Sort(
        NativeMemoryOwner<int> items, nuint length, nuint elementSize, delegate* unmanaged<int*, int*, int> compare);

    [LibraryImport(Name, EntryPoint = "qsort")]
    public static unsafe partial void Sort(
        SafeNativeBuffer items, nuint length, nuint elementSize, delegate* unmanaged<int*, int*, int> compare);
}
