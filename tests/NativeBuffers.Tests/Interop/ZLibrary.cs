using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Interop;

/// <summary>The real zlib (Debian's zlib1g), as a user would declare it.</summary>
internal static partial class ZLibrary
{
    public const int Ok = 0;
    public const int StreamEnd = 1;
    public const int DataError = -3;
    public const int MemoryError = -4;
    public const int BufferError = -5;
    public const int NoFlush = 0;
    public const int Finish = 4;
    public const int Deflated = 8;

    private const string Name = "libz.so.1";

    public static void SkipUnlessThere() =>
        Assert.SkipUnless(NativeLibrary.TryLoad(Name, out _), $"{Name} is not on this machine: install Debian's package zlib1g.");

    [LibraryImport(Name, EntryPoint = "zlibVersion")]
    public static partial nint Version();

    [LibraryImport(Name, EntryPoint = "deflateInit2_")]
    public static partial int DeflateInit(
        SafeNativeBuffer stream, int level, int method, int windowBits, int memoryLevel, int strategy, nint version, int streamByteCount);

    [LibraryImport(Name, EntryPoint = "deflate")]
    public static partial int Deflate(SafeNativeBuffer stream, int flush);

    [LibraryImport(Name, EntryPoint = "deflateEnd")]
    public static partial int DeflateEnd(SafeNativeBuffer stream);

    [LibraryImport(Name, EntryPoint = "inflateInit2_")]
    public static partial int InflateInit(SafeNativeBuffer stream, int windowBits, nint version, int streamByteCount);

    [LibraryImport(Name, EntryPoint = "inflate")]
    public static partial int Inflate(SafeNativeBuffer stream, int flush);

    [LibraryImport(Name, EntryPoint = "inflateEnd")]
    public static partial int InflateEnd(SafeNativeBuffer stream);

    [LibraryImport(Name, EntryPoint = "compressBound")]
    public static partial CULong CompressBound(CULong sourceByteCount);

    [LibraryImport(Name, EntryPoint = "compress2")]
    public static partial int Compress(
        SafeMallocBuffer target, ref CULong targetByteCount, SafeMallocBuffer source, CULong sourceByteCount, int level);

    [LibraryImport(Name, EntryPoint = "uncompress")]
    public static partial int Uncompress(
        SafeMallocBuffer target, ref CULong targetByteCount, SafeMallocBuffer source, CULong sourceByteCount);

    [LibraryImport(Name, EntryPoint = "crc32")]
    public static partial CULong Crc32(CULong seed, SafeNativeBuffer data, uint byteCount);
}
