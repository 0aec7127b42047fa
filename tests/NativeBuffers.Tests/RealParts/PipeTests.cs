using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;

namespace NativeBuffers.Tests.RealParts;

/// <summary>The platform's pipe on the library's pools: it rents segments on one thread, and returns them on another.</summary>
[CorrectProgram]
public sealed class PipeTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(2);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task More_than_100_MiB_go_through_a_pipe_on_the_shared_pool() =>
        Assert.Equal(Payload.Hash, await TransferAsync(new PipeOptions(NativeMemoryPool<byte>.Shared)).WaitAsync(s_long, Stop));

    [Fact]
    public async Task More_than_100_MiB_go_through_a_pipe_on_a_pool_of_ones_own_which_has_all_segments_afterwards()
    {
        using var allocator = new PoisoningAllocator();

        // Any number of threads may take turns with the pipe, and each keeps some blocks of the pool: all together no more than this.
        using var pool = new NativeMemoryPool<byte>(new NativePoolOptions { Allocator = allocator, CachedBytesLimit = 1_000_000 });
        Assert.Equal(Payload.Hash, await TransferAsync(new PipeOptions(pool)).WaitAsync(s_long, Stop));
        Assert.True(allocator.MostBytes > 0, "The pipe rented nothing.");
        Assert.True(allocator.MostBytes < 4_000_000, $"Segments did not come back in time: {allocator.MostBytes} bytes at once.");
        Assert.True(
            SpinWait.SpinUntil(() => allocator.LiveBytes == pool.CachedBytes, s_long),
            $"{allocator.LiveBytes} bytes are live, but the pool has {pool.CachedBytes}.");
        AssertAllReturned(pool, allocator);
    }

    [Fact]
    public async Task A_writer_waits_for_a_slower_reader_and_the_pool_gives_no_more_than_the_pipe_may_hold()
    {
        using var allocator = new PoisoningAllocator();
        using var pool = new NativeMemoryPool<byte>(new NativePoolOptions { Allocator = allocator, CachedBytesLimit = 4 * 65_536 });
        var pipe = new Pipe(new PipeOptions(pool, pauseWriterThreshold: 65_536, resumeWriterThreshold: 32_768, useSynchronizationContext: false));
        int waits = 0;
        bool isWaiting = false;
        Task writing = Task.Run(
            async () =>
            {
                for (int position = 0; position < 2_000_000; position += 4000)
                {
                    Payload.Write(pipe.Writer.GetSpan(4000)[..4000], position);
                    pipe.Writer.Advance(4000);
                    ValueTask<FlushResult> flush = pipe.Writer.FlushAsync(Stop);
                    if (!flush.IsCompleted)
                    {
                        waits++;
                        Volatile.Write(ref isWaiting, true);
                    }

                    await flush;
                    Volatile.Write(ref isWaiting, false);
                }

                await pipe.Writer.CompleteAsync();
            },
            Stop);
        byte[] received = new byte[2_000_000];
        int count = 0;
        while (count < received.Length)
        {
            // Reads on only while the writer waits: so the writer waits often, however the threads are scheduled.
            do
            {
                await Task.Yield();
            }
            while (!Volatile.Read(ref isWaiting) && !writing.IsCompleted);

            ReadResult result = await pipe.Reader.ReadAsync(Stop);
            ReadOnlySequence<byte> some = result.Buffer.Slice(0, long.Min(result.Buffer.Length, 5001));
            some.CopyTo(received.AsSpan(count));
            count += (int)some.Length;
            pipe.Reader.AdvanceTo(some.End);
        }

        await writing.WaitAsync(s_long, Stop);
        await pipe.Reader.CompleteAsync();
        byte[] expected = new byte[received.Length];
        Payload.Write(expected, 0);
        Assert.Equal(Payload.HashOf(expected), Payload.HashOf(received));
        Assert.True(waits > 20, $"The writer waited {waits} times.");

        // The threads that rent and return keep some blocks of the pool, in all no more than its limit.
        Assert.InRange(allocator.MostBytes, 65_536, 8 * 65_536);
        AssertAllReturned(pool, allocator);
    }

    [Fact]
    public async Task A_writer_that_ends_with_an_exception_reaches_the_reader_and_unread_segments_are_returned()
    {
        using var allocator = new PoisoningAllocator();
        using var pool = new NativeMemoryPool<byte>(new NativePoolOptions { Allocator = allocator });
        var pipe = new Pipe(new PipeOptions(pool, pauseWriterThreshold: 0));
        await pipe.Writer.WriteAsync(new byte[100_000], Stop);
        _ = pipe.Writer.GetMemory(10_000);
        await pipe.Writer.CompleteAsync(new NotFiniteNumberException());
        Assert.True(allocator.LiveBytes - pool.CachedBytes >= 100_000);
        await Assert.ThrowsAsync<NotFiniteNumberException>(async () => await pipe.Reader.ReadAsync(Stop));
        await pipe.Reader.CompleteAsync();
        AssertAllReturned(pool, allocator);
    }

    [Fact]
    public async Task A_reader_that_ends_with_an_exception_reaches_the_waiting_writer_and_unread_segments_are_returned()
    {
        using var allocator = new PoisoningAllocator();
        using var pool = new NativeMemoryPool<byte>(new NativePoolOptions { Allocator = allocator });
        var pipe = new Pipe(new PipeOptions(pool, pauseWriterThreshold: 10_000, resumeWriterThreshold: 5000));
        ValueTask<FlushResult> flush = pipe.Writer.WriteAsync(new byte[100_000], Stop);
        Assert.False(flush.IsCompleted);
        await pipe.Reader.CompleteAsync(new NotFiniteNumberException());
        await Assert.ThrowsAsync<NotFiniteNumberException>(async () => await flush);
        Assert.Throws<InvalidOperationException>(() => pipe.Reader.TryRead(out _));
        await pipe.Writer.CompleteAsync();
        AssertAllReturned(pool, allocator);
    }

    [Fact]
    public async Task A_cancelled_pipe_can_go_on_and_leaves_no_segment()
    {
        using var allocator = new PoisoningAllocator();
        using var pool = new NativeMemoryPool<byte>(new NativePoolOptions { Allocator = allocator });
        var pipe = new Pipe(new PipeOptions(pool, pauseWriterThreshold: 10_000, resumeWriterThreshold: 5000));
        using (var cancellation = new CancellationTokenSource())
        {
            ValueTask<ReadResult> read = pipe.Reader.ReadAsync(cancellation.Token);
            Assert.False(read.IsCompleted);
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await read);
        }

        using (var cancellation = new CancellationTokenSource())
        {
            ValueTask<FlushResult> flush = pipe.Writer.WriteAsync(new byte[20_000], cancellation.Token);
            Assert.False(flush.IsCompleted);
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await flush);
        }

        pipe.Reader.CancelPendingRead();
        ReadResult cancelled = await pipe.Reader.ReadAsync(Stop);
        Assert.True(cancelled.IsCanceled);
        pipe.Reader.AdvanceTo(cancelled.Buffer.Start);
        ReadResult result = await pipe.Reader.ReadAsync(Stop);
        Assert.Equal(20_000, result.Buffer.Length);
        pipe.Reader.AdvanceTo(result.Buffer.End);
        await pipe.Writer.CompleteAsync();
        await pipe.Reader.CompleteAsync();
        AssertAllReturned(pool, allocator);
    }

    /// <summary>Sends the payload in pieces of all lengths, and returns the hash of what arrived.</summary>
    private static async Task<string> TransferAsync(PipeOptions options)
    {
        var pipe = new Pipe(options);
        Task writing = Task.Run(
            async () =>
            {
                var random = new Random(1);
                for (int position = 0; position < Payload.Length;)
                {
                    Memory<byte> room = pipe.Writer.GetMemory(random.Next(50_000));
                    int count = int.Min(room.Length, Payload.Length - position);
                    Payload.Write(room.Span[..count], position);
                    pipe.Writer.Advance(count);
                    position += count;
                    Assert.False((await pipe.Writer.FlushAsync(Stop)).IsCompleted);
                }

                await pipe.Writer.CompleteAsync();
            });
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(2);
        long received = 0;
        while (true)
        {
            ReadResult result = await pipe.Reader.ReadAsync(Stop);

            // Leaves a part for the next time, often in the middle of a segment, except at the end.
            ReadOnlySequence<byte> some = result.IsCompleted || random.Next(3) == 0
                ? result.Buffer
                : result.Buffer.Slice(0, random.NextInt64(1, result.Buffer.Length + 1));
            foreach (ReadOnlyMemory<byte> segment in some)
            {
                hash.AppendData(segment.Span);
            }

            received += some.Length;
            pipe.Reader.AdvanceTo(some.End);
            if (result.IsCompleted)
            {
                break;
            }
        }

        await pipe.Reader.CompleteAsync();
        await writing;
        Assert.Equal(Payload.Length, received);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static void AssertAllReturned(NativeMemoryPool<byte> pool, PoisoningAllocator allocator)
    {
        pool.Trim();
        Assert.Equal(0, pool.CachedBytes);

        // A full collection may be emptying the pool too, on another thread.
        Assert.True(SpinWait.SpinUntil(() => allocator.LiveBlocks == 0, s_long), $"{allocator.LiveBlocks} blocks were not returned.");
    }
}
