using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Tests.RealParts;

/// <summary>Files of more than 100 MiB, written from and read into native memory, with several operations in flight.</summary>
[Slow]
[CorrectProgram]
public sealed class FileTests : IDisposable
{
    private const int PieceLength = 3_000_000;

    private static readonly int[] s_pieces = [.. Enumerable.Range(0, (Payload.Length + PieceLength - 1) / PieceLength)];
    private readonly ParallelOptions _fourAtOnce = new() { MaxDegreeOfParallelism = 4, CancellationToken = Stop };

    private readonly string _file = Path.GetTempFileName();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => File.Delete(_file);

    [Fact]
    public async Task A_stream_writes_and_reads_the_memory_of_an_owner()
    {
        using (var owner = NativeMemoryOwner<byte>.CreateUninitialized(Payload.Length))
        {
            Payload.Write(owner.GetSpan(), 0);
            await using FileStream stream = Open(FileAccess.Write);
            await stream.WriteAsync(owner.Memory, Stop);
        }

        Assert.Equal(Payload.Hash, HashOfFile());
        using var read = NativeMemoryOwner<byte>.Create(Payload.Length);
        await using (FileStream stream = Open(FileAccess.Read))
        {
            await stream.ReadExactlyAsync(read.Memory, Stop);
        }

        Assert.Equal(Payload.Hash, HashOf(read));
    }

    [Fact]
    public async Task Slices_of_an_owner_are_written_and_read_at_once()
    {
        using var written = NativeMemoryOwner<byte>.CreateUninitialized(Payload.Length);
        using var read = NativeMemoryOwner<byte>.Create(Payload.Length);
        Payload.Write(written.GetSpan(), 0);
        using SafeFileHandle file = File.OpenHandle(_file, FileMode.Create, FileAccess.ReadWrite, options: FileOptions.Asynchronous);
        await Parallel.ForEachAsync(
            s_pieces,
            _fourAtOnce,
            async (piece, cancellation) =>
            {
                (long start, int length) = RangeOf(piece);
                await RandomAccess.WriteAsync(file, written.Slice(start, length), start, cancellation);
            });
        Assert.Equal(Payload.Hash, HashOfFile());
        await Parallel.ForEachAsync(
            s_pieces,
            _fourAtOnce,
            async (piece, cancellation) =>
            {
                // Two at once by one call: the platform pins these.
                (long start, int length) = RangeOf(piece);
                Memory<byte>[] halves = [read.Slice(start, length / 2), read.Slice(start + (length / 2), length - (length / 2))];
                Assert.Equal(length, await RandomAccess.ReadAsync(file, halves, start, cancellation));
            });
        Assert.Equal(Payload.Hash, HashOf(read));
    }

    [Fact]
    public async Task Buffers_of_a_pool_are_written_and_read_at_once()
    {
        using var allocator = new PoisoningAllocator();
        using var pool = new NativeMemoryPool<byte>(new NativePoolOptions { Allocator = allocator });
        using SafeFileHandle file = File.OpenHandle(_file, FileMode.Create, FileAccess.ReadWrite, options: FileOptions.Asynchronous);
        await Parallel.ForEachAsync(
            s_pieces,
            _fourAtOnce,
            async (piece, cancellation) =>
            {
                (long start, int length) = RangeOf(piece);
                using PooledBuffer<byte> buffer = pool.RentBuffer(length);
                Payload.Write(buffer.AsSpan(), start);
                await RandomAccess.WriteAsync(file, buffer.Memory, start, cancellation);
            });
        Assert.Equal(Payload.Hash, HashOfFile());
        using var read = NativeMemoryOwner<byte>.Create(Payload.Length);
        await Parallel.ForEachAsync(
            s_pieces,
            _fourAtOnce,
            async (piece, cancellation) =>
            {
                (long start, int length) = RangeOf(piece);
                using PooledBuffer<byte> buffer = pool.RentBuffer(length);
                for (int count = 0; count < length;)
                {
                    count += await RandomAccess.ReadAsync(file, buffer.Memory[count..], start + count, cancellation);
                }

                buffer.AsSpan().CopyTo(read.Slice(start, length).Span);
            });
        Assert.Equal(Payload.Hash, HashOf(read));
        Assert.InRange(allocator.MostBytes, PieceLength, 6 * PieceLength);
        pool.Trim();
        Assert.True(SpinWait.SpinUntil(() => allocator.LiveBlocks == 0, TimeSpan.FromMinutes(2)));
    }

    private static (long Start, int Length) RangeOf(int piece)
    {
        long start = (long)piece * PieceLength;
        return (start, (int)long.Min(PieceLength, Payload.Length - start));
    }

    private static string HashOf(NativeMemoryOwner<byte> owner)
    {
        using Borrow<byte> bytes = owner.Borrow();
        return Payload.HashOf(bytes.Span);
    }

    private FileStream Open(FileAccess access) =>
        new(_file, new FileStreamOptions { Mode = FileMode.Open, Access = access, Options = FileOptions.Asynchronous, BufferSize = 0 });

    private string HashOfFile()
    {
        using FileStream stream = File.OpenRead(_file);
        return Convert.ToHexString(SHA256.HashData(stream));
    }
}
