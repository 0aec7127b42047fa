using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipes;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Tests.RealParts;

/// <summary>Memory is given back while a file, or a pipe of the system, is read into it.</summary>
/// <remarks>
/// <para>The promise depends on the pin. A pin keeps the block, whether the caller or the platform took it, and so does a borrow. On Linux
/// (.NET 10) the platform itself pins where it reads or writes several memories at once (<see cref="RandomAccess"/> with
/// a list), and nowhere else: a file read into one memory takes a span, and enters the system call with it; a socket
/// takes a span for each attempt (<see cref="SocketInFlightTests"/>). Windows pins whatever is pending.</para>
/// <para>So a program that may dispose while an operation is in flight pins first.</para>
/// </remarks>
[CorrectProgram]
public sealed class DisposeInFlightTests : IDisposable
{
    private const int Length = 100_000;

    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(2);

    private readonly string _file = Path.GetTempFileName();
    private readonly byte[] _content = new byte[Length];

    public DisposeInFlightTests()
    {
        Payload.Write(_content, 0);
        File.WriteAllBytes(_file, _content);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => File.Delete(_file);

    [Fact]
    public async Task An_owner_under_a_read_that_the_platform_pins_is_freed_after_it_with_the_bytes_inside()
    {
        Needs.BareBlocks();
        using var allocator = new PoisoningAllocator(keepsFreed: true);
        var owner = NativeMemoryOwner<byte>.Create(Length, allocator);
        Memory<byte> memory = owner.Memory;
        var gated = new GatedMemory(memory);
        using SafeFileHandle file = File.OpenHandle(_file, options: FileOptions.Asynchronous);
        Task<long> reading = RandomAccess.ReadAsync(file, [gated.Memory], 0, Stop).AsTask();
        await gated.Pinned.WaitAsync(s_long, Stop);
        Assert.Throws<InvalidOperationException>(() => owner.Resize(2 * Length));
        owner.Dispose();
        AssertRefused(owner);
        Assert.Throws<ObjectDisposedException>(() => memory.Pin());
        Assert.Equal(0, allocator.FreedBlocks);
        gated.Open();
        Assert.Equal(Length, await reading.WaitAsync(s_long, Stop));
        Assert.Equal(1, allocator.FreedBlocks);
        Assert.Equal(_content[..allocator.LastFreed.Length], allocator.LastFreed);
        Assert.True(allocator.IsFreedMemoryUntouched);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [SuppressMessage("Ownership", "NB0006", Justification = "The test uses an owner that has ended, which must refuse.")]
    public async Task A_pooled_buffer_under_a_read_that_the_platform_pins_reaches_no_other_renter_before_it_ends(bool isShared)
    {
        Needs.BareBlocks();
        using var allocator = new PoisoningAllocator(keepsFreed: true);
        using var own = new NativeMemoryPool<byte>(new NativePoolOptions { Allocator = allocator });
        NativeMemoryPool<byte> pool = isShared ? NativeMemoryPool<byte>.Shared : own;
        PooledBuffer<byte> buffer = pool.RentBuffer(Length);
        nint address = AddressOf(buffer);
        var gated = new GatedMemory(buffer.Memory);
        using SafeFileHandle file = File.OpenHandle(_file, options: FileOptions.Asynchronous);
        Task<long> reading = RandomAccess.ReadAsync(file, [gated.Memory], 0, Stop).AsTask();
        await gated.Pinned.WaitAsync(s_long, Stop);
        buffer.Dispose();
        AssertRefused(buffer);
        PooledBuffer<byte>[] others = [.. Enumerable.Range(0, 50).Select(_ => pool.RentBuffer(Length))];
        Assert.DoesNotContain(address, others.Select(AddressOf));
        Array.ForEach(others, other => other.AsSpan().Fill(0xEE));
        gated.Open();
        Assert.Equal(Length, await reading.WaitAsync(s_long, Stop));
        Assert.All(others, other => Assert.Equal(-1, other.AsSpan().IndexOfAnyExcept((byte)0xEE)));
        if (!isShared)
        {
            // The block came back to the pool with the received bytes, perhaps on another thread, which keeps it for itself.
            Assert.True(SpanOf(address).SequenceEqual(_content));
            Assert.Equal(0, allocator.FreedBlocks);
            pool.Trim();
            Assert.Equal(1, allocator.FreedBlocks);
        }

        Array.ForEach(others, other => other.Dispose());
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0002", Justification = "The test uses an owner that has ended, which must refuse.")]
    public async Task A_pin_of_ones_own_keeps_the_memory_of_a_read_that_holds_a_span()
    {
        Needs.BareBlocks();
        using var allocator = new PoisoningAllocator(keepsFreed: true);
        var owner = NativeMemoryOwner<byte>.Create(Length, allocator);
        var gated = new GatedMemory(owner.Memory);
        MemoryHandle pin = owner.Pin();
        using var peer = new AnonymousPipeServerStream(PipeDirection.Out);
        await using FileStream pipe = ReadingEndOf(peer);
        Task<int> reading = pipe.ReadAsync(gated.Memory, Stop).AsTask();
        await gated.Spanned.WaitAsync(s_long, Stop);
        owner.Dispose();
        AssertRefused(owner);
        Assert.Equal(0, allocator.FreedBlocks);
        peer.Write(_content, 0, 1000);
        Assert.Equal(1000, await reading.WaitAsync(s_long, Stop));
        Assert.Equal(0, allocator.FreedBlocks);
        pin.Dispose();
        Assert.Equal(1, allocator.FreedBlocks);
        Assert.Equal(_content[..1000], allocator.LastFreed[..1000]);
        Assert.True(allocator.IsFreedMemoryUntouched);
    }

    /// <summary>The documentation warns of this: the warning is true as long as this test passes.</summary>
    [Fact]
    public async Task Without_a_pin_a_read_that_holds_a_span_writes_to_freed_memory()
    {
        Needs.BareBlocks();
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems may pin.");
        using var allocator = new PoisoningAllocator(keepsFreed: true);
        var owner = NativeMemoryOwner<byte>.Create(Length, allocator);
        var gated = new GatedMemory(owner.Memory);
        using var peer = new AnonymousPipeServerStream(PipeDirection.Out);
        await using FileStream pipe = ReadingEndOf(peer);
        Task<int> reading = pipe.ReadAsync(gated.Memory, Stop).AsTask();
        await gated.Spanned.WaitAsync(s_long, Stop);
        owner.Dispose();
        Assert.Equal(1, allocator.FreedBlocks);
        Assert.True(allocator.IsFreedMemoryUntouched);
        peer.Write(_content, 0, 1000);
        Assert.Equal(1000, await reading.WaitAsync(s_long, Stop));
        Assert.False(gated.Pinned.IsCompleted);
        Assert.False(allocator.IsFreedMemoryUntouched);
    }

    [Fact]
    public async Task A_borrow_keeps_the_memory_of_a_read_that_blocks_its_thread()
    {
        Needs.BareBlocks();
        using var allocator = new PoisoningAllocator(keepsFreed: true);
        var owner = NativeMemoryOwner<byte>.Create(Length, allocator);
        using var peer = new AnonymousPipeServerStream(PipeDirection.Out);
        await using FileStream pipe = ReadingEndOf(peer);
        var hasBorrowed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<(int Count, long FreedBefore)> reading = Task.Run(
            () =>
            {
                using Borrow<byte> bytes = owner.Borrow();
                hasBorrowed.SetResult();
                return (pipe.Read(bytes.Span), allocator.FreedBlocks);
            },
            Stop);
        await hasBorrowed.Task.WaitAsync(s_long, Stop);
        owner.Dispose();
        AssertRefused(owner);
        Assert.Equal(0, allocator.FreedBlocks);
        peer.Write(_content, 0, 1000);
        Assert.Equal((1000, 0), await reading.WaitAsync(s_long, Stop));
        Assert.Equal(1, allocator.FreedBlocks);
        Assert.Equal(_content[..1000], allocator.LastFreed[..1000]);
    }

    /// <safety>The allocator has not freed the block.</safety>
    private static unsafe ReadOnlySpan<byte> SpanOf(nint address) => new((void*)address, Length);

    private static unsafe nint AddressOf(PooledBuffer<byte> buffer) =>
        (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(buffer.AsSpan()));

    /// <summary>A file without buffering, which the read blocks on until the peer writes.</summary>
    private static FileStream ReadingEndOf(AnonymousPipeServerStream pipe) =>
        new(new SafeFileHandle(pipe.ClientSafePipeHandle.DangerousGetHandle(), ownsHandle: false), FileAccess.Read, bufferSize: 0);

    private static void AssertRefused(NativeMemoryOwner<byte> owner)
    {
        Assert.True(owner.IsDisposed);
        Assert.Throws<ObjectDisposedException>(() => owner.Memory);
        Assert.Throws<ObjectDisposedException>(() => owner.Slice(0, 1));
        Assert.Throws<ObjectDisposedException>(() => owner.Pin());
        Assert.Throws<ObjectDisposedException>(() => { using Borrow<byte> borrow = owner.Borrow(); });
        Assert.Throws<ObjectDisposedException>(() => owner.Resize(1));
    }

    private static void AssertRefused(PooledBuffer<byte> buffer)
    {
        Assert.True(buffer.IsDisposed);
        Assert.Throws<ObjectDisposedException>(() => buffer.Memory);
        Assert.Throws<ObjectDisposedException>(() => { _ = buffer.AsSpan(); });
        Assert.Throws<ObjectDisposedException>(() => { using Borrow<byte> borrow = buffer.Borrow(); });
    }
}
