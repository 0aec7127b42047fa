using System.Buffers;
using NativeBuffers.InFlight;

namespace NativeBuffers.Tests.RealParts;

/// <summary>Memory is given back while a socket is receiving into it.</summary>
/// <remarks>
/// On Linux (.NET 10) a socket pins nothing. It keeps the <see cref="Memory{T}"/>, and asks for its span once for each
/// attempt to receive: at once, and, if there was nothing yet, again on a thread of the pool when there is. No code catches
/// an exception of that second request, so the process ends. These tests therefore receive in a child process.
/// </remarks>
[Slow]
public sealed class SocketInFlightTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(2);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("owner")]
    [InlineData("pool")]
    public async Task A_receive_into_retained_memory_completes_although_its_owner_was_disposed(string kind)
    {
        ChildResult child = await ChildProcess.RunProgramAsync(typeof(Program), [kind, "retained"]);
        Assert.Equal(
            [
                "in flight, new use refused: True",
                "in flight, given back: False",
                "received: 1000",
                "the bytes are right: True",
                "given back before that ended: False",
                "given back after that ended: True",
                "nobody else's bytes were touched: True",
            ],
            child.Lines);
        Assert.Equal(0, child.ExitCode);
    }

    /// <summary>The documentation warns of this: the warning is true as long as this test passes.</summary>
    [Theory]
    [InlineData("owner")]
    [InlineData("pool")]
    public async Task Without_a_pin_the_process_ends_before_a_byte_of_the_next_owner_is_touched(string kind)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems pin.");
        ChildResult child = await ChildProcess.RunProgramAsync(typeof(Program), [kind, "unpinned"]);
        Assert.Equal(
            [
                "in flight, new use refused: True",
                "in flight, given back: True",
                "ended by ObjectDisposedException",
                "nobody else's bytes were touched: True",
            ],
            child.Lines);
        Assert.NotEqual(0, child.ExitCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_receive_that_is_cancelled_after_its_owner_was_disposed_ends_and_a_pin_is_kept_until_it_ends(bool isPinned)
    {
        using var allocator = new PoisoningAllocator(keepsFreed: true);
        using Loopback connection = await Loopback.ConnectAsync();
        var owner = NativeMemoryOwner<byte>.Create(1000, allocator);
        MemoryHandle pin = isPinned ? owner.Pin() : default;
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        ValueTask<int> receiving = connection.Receiver.ReceiveAsync(owner.Memory, cancellation.Token);
        Assert.False(receiving.IsCompleted);
        owner.Dispose();
        Assert.Throws<ObjectDisposedException>(() => owner.Memory);
        long freedInFlight = allocator.FreedBlocks;
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await receiving);
        if (isPinned)
        {
            Assert.Equal((0, 0), (freedInFlight, allocator.FreedBlocks));
        }

        pin.Dispose();
        Assert.True(SpinWait.SpinUntil(() => allocator.FreedBlocks == 1, s_long));

        // Bytes that come too late are not written here: the next receive gets them.
        await connection.Sender.SendAsync(new byte[] { 1, 2, 3 }, Stop);
        byte[] late = new byte[10];
        Assert.Equal(3, await connection.Receiver.ReceiveAsync(late, Stop));
        Assert.True(allocator.IsFreedMemoryUntouched);
    }

    [Fact]
    public async Task A_receive_that_is_cancelled_after_its_buffer_was_given_back_ends_and_the_block_is_free_when_the_pin_ends()
    {
        using var allocator = new PoisoningAllocator(keepsFreed: true);
        using var pool = new NativeMemoryPool<byte>(new NativePoolOptions { Allocator = allocator });
        using Loopback connection = await Loopback.ConnectAsync();
        PooledBuffer<byte> buffer = pool.RentBuffer(1000);
        MemoryHandle pin = buffer.Memory.Pin();
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        ValueTask<int> receiving = connection.Receiver.ReceiveAsync(buffer.Memory, cancellation.Token);
        Assert.False(receiving.IsCompleted);
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.Memory);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await receiving);
        Assert.Equal(0, pool.CachedBytes);
        pin.Dispose();
        Assert.True(pool.CachedBytes >= 1000);
    }
}
