using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using NativeBuffers.Tests.Contracts;

namespace NativeBuffers.Tests.Blocks.Lifecycle;

/// <summary>Owners and buffers: freed after no code can reach them, and not before.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[SuppressMessage("Ownership", "NB0001", Justification = "The contract is about forgotten owners.")]
public class AbandonedOwnerTests : AbandonedContract
{
    protected override unsafe IReadOnlyDictionary<string, Func<Func<bool>>> Ways { get; } = new Dictionary<string, Func<Func<bool>>>
    {
        ["Create"] = () => Forget(static allocator => NativeMemoryOwner<int>.Create(10, allocator)),
        ["CreateFrom"] = () => Forget(static allocator => NativeMemoryOwner<int>.CreateFrom([1, 2, 3], allocator)),
        ["ToOwner"] = () => Forget(static allocator => NativeBuffer.Create<int>(10, allocator).ToOwner()),
        ["Move"] = () => Forget(static allocator => NativeMemoryOwner<int>.Create(10, allocator).Move()),
        ["Adopt"] = () => Forget(static allocator => NativeMemoryOwner<int>.Adopt((int*)allocator.Allocate(40), 10, allocator)),
        ["Rent"] = () => Forget(static allocator => PoolOver(allocator).Rent(10)),
        ["RentBuffer"] = () => Forget(static allocator => PoolOver(allocator).RentBuffer(10)),
        ["Memory of a buffer"] = () => Forget(static allocator => PoolOver(allocator).RentBuffer(10).Memory),
        ["Resized"] = () => Forget(static allocator => NativeMemoryOwner<int>.Create(10, allocator).Resize(20)),
        ["Borrowed"] = () => Forget(static allocator => NativeMemoryOwner<int>.Create(10, allocator).Borrow().Dispose()),
        ["Borrowed by an ended thread"] = () => Forget(
            static allocator => OtherThread.Run(() => NativeMemoryOwner<int>.Create(10, allocator).Borrow().Dispose())),
        ["Owner of an ended thread's buffer"] = () => Forget(
            static allocator => OtherThread.Run(() => _ = NativeBuffer.Create<int>(10, allocator).ToOwner())),
        ["Buffer of an ended thread"] = () => Forget(static allocator => OtherThread.Run(() => _ = PoolOver(allocator).RentBuffer(10))),
    };

    [Fact]
    public unsafe void A_forgotten_owner_that_is_pinned_is_freed_when_the_pin_ends()
    {
        var allocator = new RecordingAllocator();
        MemoryHandle handle = PinOfForgotten(allocator);
        Collector.Settle();
        Assert.Equal(1, allocator.LiveBlocks);
        Assert.Equal(7, *(int*)handle.Pointer);
        handle.Dispose();
        Assert.True(Collector.Until(() => allocator.LiveBlocks == 0));
        allocator.AssertAllFreed();
    }

    [Fact]
    public unsafe void A_forgotten_pin_keeps_the_block()
    {
        // Native code may still have the address, so this is a leak and no mistake of the library.
        var allocator = new RecordingAllocator();
        int* pinned = ForgetPin(allocator);
        Collector.Settle();
        Assert.Equal(1, allocator.LiveBlocks);
        Assert.Equal(7, *pinned);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static int* ForgetPin(RecordingAllocator allocator) => (int*)PinOfForgotten(allocator).Pointer;
    }

    [Fact]
    public void An_owner_that_a_memory_or_a_copy_of_a_buffer_can_reach_is_not_forgotten()
    {
        var allocator = new RecordingAllocator();
        Memory<int> memory = MemoryOf(allocator);
        PooledBuffer<int> buffer = BufferOf(allocator);
        object boxed = BufferOf(allocator);
        Memory<int> memoryOfBuffer = BufferOf(allocator).Memory;
        Collector.Settle();
        Assert.Equal(4, allocator.LiveBlocks);
        Assert.Equal([7], memory[..1].ToArray());
        Assert.Equal([7], buffer.AsSpan()[..1].ToArray());
        Assert.Equal([7], memoryOfBuffer[..1].ToArray());
        buffer.Dispose();
        ((PooledBuffer<int>)boxed).Dispose();
        Assert.Equal(2, allocator.LiveBlocks);
        GC.KeepAlive(boxed);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static Memory<int> MemoryOf(RecordingAllocator allocator)
        {
            NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.CreateUninitialized(10, allocator);
            owner.GetSpan().Fill(7);
            return owner.Memory;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static PooledBuffer<int> BufferOf(RecordingAllocator allocator)
        {
            PooledBuffer<int> buffer = PoolOver(allocator).RentBuffer(10);
            buffer.AsSpan().Fill(7);
            return buffer;
        }
    }

    [Fact]
    public void A_forgotten_pool_frees_its_idle_blocks_but_not_the_rented_ones()
    {
        var allocator = new RecordingAllocator();
        PooledBuffer<int> buffer = Use(allocator);
        Assert.True(Collector.Until(() => allocator.LiveBlocks == 1));
        buffer.AsSpan().Fill(1);
        Collector.Settle();
        Assert.Equal(-1, buffer.AsSpan().IndexOfAnyExcept(1));
        buffer.Dispose();
        Assert.True(Collector.Until(() => allocator.LiveBlocks == 0));
        allocator.AssertAllFreed();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static PooledBuffer<int> Use(RecordingAllocator allocator)
        {
            NativeMemoryPool<int> pool = new(new NativePoolOptions { Allocator = allocator });
            PooledBuffer<int>[] buffers = [.. Enumerable.Range(0, 10).Select(_ => pool.RentBuffer(1000))];
            Array.ForEach(buffers, static buffer => buffer.Dispose());
            return pool.RentBuffer(1000);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MemoryHandle PinOfForgotten(RecordingAllocator allocator)
    {
        NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.CreateUninitialized(10, allocator);
        owner.GetSpan().Fill(7);
        return owner.Pin();
    }

    private static NativeMemoryPool<int> PoolOver(RecordingAllocator allocator) =>
        new(new NativePoolOptions { Allocator = allocator, CachedBytesLimit = 0 });

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SuppressMessage("Ownership", "NB0009", Justification = "Nothing keeps the forgotten owner: the collector must find it.")]
    protected override int ForgetDefault(int length)
    {
        NativeMemoryOwner<int>.Create(length).GetSpan().Fill(1);
        NativeMemoryPool<int>.Shared.RentBuffer(length).AsSpan().Fill(1);
        NativeMemoryPool<int>.Shared.Rent(length).Memory.Span.Fill(1);
        return 3;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    protected override unsafe void UseWell(NativeAllocator? allocator)
    {
        NativeMemoryOwner<int>.Create(10, allocator).Dispose();
        NativeMemoryOwner<int>.Create(10, allocator).Move().Dispose();
        (allocator ?? NativeAllocator.Default).Free(NativeMemoryOwner<int>.Create(10, allocator).Release(), 40);
        NativeMemoryPool<int>.Shared.RentBuffer(10).Dispose();
        NativeMemoryPool<int>.Shared.Rent(10).Dispose();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    protected override Borrow<int> BorrowOfForgotten(out Func<bool> isFreed)
    {
        var allocator = new RecordingAllocator();
        isFreed = () => allocator.LiveBlocks == 0;
        NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.CreateUninitialized(10, allocator);
        owner.GetSpan().Fill(7);
        return owner.Borrow();
    }

    private static Func<bool> Forget<TResult>(Func<RecordingAllocator, TResult> use) => Forget(allocator => { _ = use(allocator); });

    private static Func<bool> Forget(Action<RecordingAllocator> use)
    {
        var allocator = new RecordingAllocator();
        use(allocator);
        return () => allocator.LiveBlocks == 0;
    }
}
