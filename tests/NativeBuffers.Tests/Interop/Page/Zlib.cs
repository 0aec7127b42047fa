using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Interop.Page;

/// <summary>Functions of zlib (Debian's zlib1g): the samples of <c>docs/interop.md</c>, verbatim.</summary>
internal static partial class Zlib
{
    [LibraryImport("libz.so.1")]
    private static partial CULong compressBound(CULong byteCount);

    [LibraryImport("libz.so.1")]
    private static partial int compress2(
        NativeMemoryOwner<byte> target, ref CULong targetByteCount, Span<byte> source, CULong sourceByteCount, int level);

    [LibraryImport("libz.so.1")]
    private static partial int uncompress(
        Span<byte> target, ref CULong targetByteCount, ReadOnlyBorrow<byte> source, CULong sourceByteCount);

    public static NativeMemoryOwner<byte> Compress(Span<byte> source)
    {
        CULong byteCount = compressBound(new CULong((uint)source.Length));
        var target = NativeMemoryOwner<byte>.CreateUninitialized((long)byteCount.Value);
        int error = compress2(target, ref byteCount, source, new CULong((uint)source.Length), level: 9);
        if (error != 0)
        {
            target.Dispose();
            throw new InvalidDataException($"zlib's error {error}");
        }

        target.Resize((long)byteCount.Value);
        return target;
    }

    /// <summary>Unpacks a file that is mapped, and so not read into memory first.</summary>
    public static NativeBuffer<byte> Unpack(string path, int byteCount)
    {
        using var file = MappedFile<byte>.OpenRead(path);
        using ReadOnlyBorrow<byte> packed = file.BorrowReadOnly();
        var target = NativeBuffer.CreateUninitialized<byte>(byteCount);
        CULong written = new((uint)byteCount);
        int error = uncompress(target, ref written, packed, new CULong((uint)packed.Length));
        if (error != 0 || written.Value != (uint)byteCount)
        {
            target.Dispose();
            throw new InvalidDataException($"zlib's error {error}");
        }

        return target;
    }
}
