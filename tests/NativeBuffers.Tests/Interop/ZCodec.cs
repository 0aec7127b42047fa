using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Interop;

/// <summary>zlib's streams through memory of the library: the <c>z_stream</c> in a handle, input in a buffer, output in an owner.</summary>
internal static class ZCodec
{
    private const int ChunkByteCount = 50_000;

    /// <summary>The value of zlib's <c>windowBits</c> for the format.</summary>
    public static int WindowBits(string format) => format switch
    {
        "zlib" => 15,
        "gzip" => 15 + 16,
        "deflate" => -15,
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    public static void Compress(Stream source, Stream target, string format, ZMemory memory)
    {
        using SafeMallocBuffer stream = NewStream(memory, out int byteCount);
        Check(
            stream,
            ZLibrary.DeflateInit(stream, 6, ZLibrary.Deflated, WindowBits(format), 8, 0, ZLibrary.Version(), byteCount));
        try
        {
            Run(stream, source, target, ZLibrary.Deflate);
        }
        finally
        {
            _ = ZLibrary.DeflateEnd(stream);
        }
    }

    public static void Decompress(Stream source, Stream target, string format, ZMemory memory)
    {
        using SafeMallocBuffer stream = NewStream(memory, out int byteCount);
        Check(stream, ZLibrary.InflateInit(stream, WindowBits(format), ZLibrary.Version(), byteCount));
        try
        {
            Run(stream, source, target, ZLibrary.Inflate);
        }
        finally
        {
            _ = ZLibrary.InflateEnd(stream);
        }
    }

    private static SafeMallocBuffer NewStream(ZMemory memory, out int byteCount)
    {
        byteCount = Unsafe.SizeOf<ZStream>();
        SafeMallocBuffer stream = SafeMallocBuffer.Allocate(byteCount);
        stream.Write(0, memory.NewStream());
        return stream;
    }

    private static unsafe void Run(SafeNativeBuffer stream, Stream source, Stream target, Func<SafeNativeBuffer, int, int> step)
    {
        using var input = NativeBuffer.CreateUninitialized<byte>(ChunkByteCount);
        using NativeMemoryOwner<byte> output = NativeMemoryOwner<byte>.Create(ChunkByteCount);
        using MemoryHandle pinned = output.Memory.Pin();
        int result;
        int read;
        do
        {
            read = source.Read(input);
            ZStream state = stream.Read<ZStream>(0);
            state.NextIn = input.Pointer;
            state.AvailableIn = (uint)read;
            do
            {
                state.NextOut = (byte*)pinned.Pointer;
                state.AvailableOut = ChunkByteCount;
                stream.Write(0, state);
                result = step(stream, read == 0 ? ZLibrary.Finish : ZLibrary.NoFlush);
                Check(stream, result);
                state = stream.Read<ZStream>(0);
                target.Write(output.Memory.Span[..(ChunkByteCount - (int)state.AvailableOut)]);
            }
            while (state.AvailableOut == 0);
        }
        while (result != ZLibrary.StreamEnd && read != 0);

        if (result != ZLibrary.StreamEnd)
        {
            throw new EndOfStreamException();
        }
    }

    private static unsafe void Check(SafeNativeBuffer stream, int result)
    {
        switch (result)
        {
            case ZLibrary.Ok or ZLibrary.StreamEnd or ZLibrary.BufferError: // The last: nothing to do this time.
                return;
            case ZLibrary.MemoryError:
                throw new InsufficientMemoryException();
            default:
                throw new InvalidDataException($"{result}: {Marshal.PtrToStringUTF8((nint)stream.Read<ZStream>(0).Message)}");
        }
    }
}
