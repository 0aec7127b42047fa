using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.CodeAnalysis.CSharp;

namespace NativeBuffers.Tests.Interop;

/// <summary>A real C library works in the library's memory, and .NET's own streams say whether it did so well.</summary>
[Slow]
[CorrectProgram]
public class ZLibraryTests
{
    public ZLibraryTests() => ZLibrary.SkipUnlessThere();

    public static TheoryData<string, string> FormatsAndFiles =>
        new MatrixTheoryData<string, string>(["zlib", "gzip", "deflate"], ["generated", "this library", "the compiler", "one byte"]);

    [Theory]
    [MemberData(nameof(FormatsAndFiles))]
    public void DotNet_decompresses_the_output_of_zlib(string format, string file)
    {
        byte[] original = Contents(file);
        using var memory = new ZMemory(NativeAllocator.Default);
        using var compressed = new MemoryStream();

        ZCodec.Compress(new MemoryStream(original), compressed, format, memory);

        Assert.InRange(memory.AllBlocks, 1, int.MaxValue);
        Assert.Equal(0, memory.LiveBlocks);
        Assert.InRange(compressed.Length, 1, original.Length + 100);
        compressed.Position = 0;
        using var decompressed = new MemoryStream();
        using Stream decompressing = DotNetStream(compressed, format, CompressionMode.Decompress);
        decompressing.CopyTo(decompressed);
        AssertSame(original, decompressed);
    }

    [Theory]
    [MemberData(nameof(FormatsAndFiles))]
    public void Zlib_decompresses_the_output_of_DotNet(string format, string file)
    {
        byte[] original = Contents(file);
        using var compressed = new MemoryStream();
        using (Stream compressing = DotNetStream(compressed, format, CompressionMode.Compress))
        {
            compressing.Write(original);
        }

        using var memory = new ZMemory(NativeAllocator.Default);
        using var decompressed = new MemoryStream();
        ZCodec.Decompress(new MemoryStream(compressed.ToArray()), decompressed, format, memory);

        Assert.InRange(memory.AllBlocks, 1, int.MaxValue);
        Assert.Equal(0, memory.LiveBlocks);
        AssertSame(original, decompressed);
    }

    [Fact]
    public void Zlib_works_in_the_memory_of_any_allocator()
    {
        byte[] original = Contents("this library");
        NativeAllocator[] allocators =
        [
            NativeAllocator.Default, NativeAllocator.Malloc, NativeAllocator.Aligned(64), NativeAllocator.HGlobal,
            NativeAllocator.CoTaskMem, NativeAllocator.Pages, NativeAllocator.PinnedHeap,
        ];
        Assert.All(
            allocators,
            allocator =>
            {
                using var memory = new ZMemory(allocator);
                using MemoryStream compressed = new(), decompressed = new();
                ZCodec.Compress(new MemoryStream(original), compressed, "zlib", memory);
                compressed.Position = 0;
                ZCodec.Decompress(compressed, decompressed, "zlib", memory);
                Assert.Equal(0, memory.LiveBlocks);
                AssertSame(original, decompressed);
            });
    }

    [Fact]
    public void Zlib_frees_all_its_blocks_when_memory_is_exhausted()
    {
        byte[] original = Contents("this library");
        using var compressed = new MemoryStream();
        using (var memory = new ZMemory(NativeAllocator.Default))
        {
            ZCodec.Compress(new MemoryStream(original), compressed, "zlib", memory);
            for (int limit = 0; limit < memory.AllBlocks; limit++)
            {
                using var scarce = new ZMemory(NativeAllocator.Default) { Limit = limit };
                Assert.Throws<InsufficientMemoryException>(() => ZCodec.Compress(new MemoryStream(original), new MemoryStream(), "zlib", scarce));
                Assert.Equal((limit, 0), (scarce.AllBlocks, scarce.LiveBlocks));
            }
        }

        for (int limit = 0; limit < 2; limit++)
        {
            using var scarce = new ZMemory(NativeAllocator.Default) { Limit = limit };
            Assert.Throws<InsufficientMemoryException>(
                () => ZCodec.Decompress(new MemoryStream(compressed.ToArray()), new MemoryStream(), "zlib", scarce));
            Assert.Equal((limit, 0), (scarce.AllBlocks, scarce.LiveBlocks));
        }
    }

    [Theory]
    [InlineData("zlib")]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public void Zlib_frees_all_it_had_when_the_data_is_damaged_or_ends_early(string format)
    {
        using var memory = new ZMemory(NativeAllocator.Default);
        using var compressed = new MemoryStream();
        ZCodec.Compress(new MemoryStream(Contents("this library")), compressed, format, memory);
        byte[] whole = compressed.ToArray();

        Assert.Throws<EndOfStreamException>(
            () => ZCodec.Decompress(new MemoryStream(whole[..(whole.Length / 2)]), new MemoryStream(), format, memory));
        Assert.Equal(0, memory.LiveBlocks);

        // A block of a kind that there is not.
        byte[] damaged = [.. whole[..(format == "gzip" ? 10 : format == "zlib" ? 2 : 0)], 0xFF, .. whole[20..]];
        string message = Assert.Throws<InvalidDataException>(
            () => ZCodec.Decompress(new MemoryStream(damaged), new MemoryStream(), format, memory)).Message;
        Assert.Equal($"{ZLibrary.DataError}: invalid block type", message);
        Assert.Equal(0, memory.LiveBlocks);
    }

    [Fact]
    public void Zlib_compresses_from_handle_to_handle_at_once()
    {
        byte[] original = Contents("the compiler");
        using SafeMallocBuffer source = SafeMallocBuffer.AllocateUninitialized(original.Length);
        source.WriteSpan(0, original.AsSpan());
        CULong byteCount = ZLibrary.CompressBound(new CULong((uint)original.Length));
        using SafeMallocBuffer target = SafeMallocBuffer.AllocateUninitialized((long)byteCount.Value);

        Assert.Equal(ZLibrary.Ok, ZLibrary.Compress(target, ref byteCount, source, new CULong((uint)original.Length), 6));

        using var decompressed = new MemoryStream();
        using var decompressing = new ZLibStream(
            new UnmanagedMemoryStream(target, 0, (long)byteCount.Value), CompressionMode.Decompress);
        decompressing.CopyTo(decompressed);
        AssertSame(original, decompressed);
    }

    [Fact]
    public void Zlib_decompresses_from_handle_to_handle_at_once_and_the_result_becomes_an_owner()
    {
        byte[] original = Contents("the compiler");
        using SafeMallocBuffer source = SafeMallocBuffer.AllocateUninitialized(original.Length + 1000);
        using var written = new UnmanagedMemoryStream(source, 0, original.Length + 1000, FileAccess.Write);
        using (var compressing = new ZLibStream(written, CompressionLevel.Fastest, leaveOpen: true))
        {
            compressing.Write(original);
        }

        SafeMallocBuffer target = SafeMallocBuffer.AllocateUninitialized(original.Length);
        CULong tooFew = new((uint)original.Length - 1), all = new((uint)original.Length);
        var sourceByteCount = new CULong((uint)written.Position);
        Assert.Equal(ZLibrary.BufferError, ZLibrary.Uncompress(target, ref tooFew, source, sourceByteCount));
        Assert.Equal(ZLibrary.Ok, ZLibrary.Uncompress(target, ref all, source, sourceByteCount));
        Assert.Equal((nuint)original.Length, all.Value);

        using NativeMemoryOwner<byte> decompressed = target.ToOwner<byte>();
        Assert.True(decompressed.Memory.Span.SequenceEqual(original));
    }

    [Fact]
    public void Zlib_sums_a_handles_bytes()
    {
        using SafePagesBuffer data = SafePagesBuffer.Allocate(9);
        data.WriteSpan(0, "123456789"u8.ToArray().AsSpan());
        Assert.Equal(0xCBF43926, ZLibrary.Crc32(default, data, 9).Value);
    }

    private static Stream DotNetStream(Stream stream, string format, CompressionMode mode) => format switch
    {
        "zlib" => new ZLibStream(stream, mode),
        "gzip" => new GZipStream(stream, mode),
        _ => new DeflateStream(stream, mode),
    };

    private static byte[] Contents(string file) => file switch
    {
        "this library" => File.ReadAllBytes(typeof(NativeAllocator).Assembly.Location),
        "the compiler" => File.ReadAllBytes(typeof(CSharpSyntaxTree).Assembly.Location),
        "generated" => Generate(5_000_000),
        _ => [42],
    };

    /// <summary>Runs of one byte, runs of words, and noise, the same every time.</summary>
    private static byte[] Generate(int byteCount)
    {
        var random = new Random(1);
        byte[] words = Encoding.UTF8.GetBytes("an owner for every block, and a block for every owner; ");
        byte[] generated = new byte[byteCount];
        for (int start = 0; start < byteCount;)
        {
            Span<byte> run = generated.AsSpan(start, Math.Min(random.Next(1, 20_000), byteCount - start));
            switch (random.Next(3))
            {
                case 0:
                    run.Fill((byte)random.Next(256));
                    break;
                case 1:
                    random.GetItems<byte>(words, run);
                    break;
                default:
                    random.NextBytes(run);
                    break;
            }

            start += run.Length;
        }

        return generated;
    }

    private static void AssertSame(byte[] expected, MemoryStream actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.True(actual.GetBuffer().AsSpan(0, expected.Length).SequenceEqual(expected));
    }
}
