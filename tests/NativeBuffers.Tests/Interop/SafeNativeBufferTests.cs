using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Interop;

/// <summary>Common promises of the kinds of handles, seen through one whose allocator checks each call.</summary>
[CorrectProgram]
public sealed class SafeNativeBufferTests : IDisposable
{
    private readonly RecordingAllocator _allocator = new();

    /// <summary>After each test.</summary>
    public void Dispose() => _allocator.AssertAllFreed();

    [Fact]
    public void A_block_is_freed_once_however_often_and_from_wherever_it_is_disposed()
    {
        SafeStrictBuffer[] handles = [.. Enumerable.Range(0, 5000).Select(i => SafeStrictBuffer.Allocate(i, _allocator))];
        Assert.Equal(5000, _allocator.LiveBlocks);
        Race.RunRounds(handles.Length, i => handles[i].Dispose(), i => handles[i].Dispose());
        Assert.Equal(0, _allocator.LiveBlocks);
        Array.ForEach(handles, static handle => handle.Dispose());
        Assert.Equal(0, _allocator.LiveBlocks);
    }

    [Fact]
    public void A_block_whose_handle_was_forgotten_is_freed_by_the_finalizer()
    {
        Forget(100);
        Collector.Until(() => _allocator.LiveBlocks == 0);
        Assert.Equal(0, _allocator.LiveBlocks);

        [MethodImpl(MethodImplOptions.NoInlining)]
        void Forget(int count)
        {
            // Kept until they were counted: a collection may come at any time.
            SafeStrictBuffer[] handles = [.. Enumerable.Range(0, count).Select(_ => SafeStrictBuffer.Allocate(100, _allocator))];
            Assert.Equal(count, _allocator.LiveBlocks);
            GC.KeepAlive(handles);
        }
    }

    [Fact]
    public void A_block_of_a_handle_whose_constructor_threw_is_freed_by_the_finalizer()
    {
        Fail();
        Collector.Until(() => _allocator.LiveBlocks == 0);
        Assert.Equal(0, _allocator.LiveBlocks);

        [MethodImpl(MethodImplOptions.NoInlining)]
        void Fail()
        {
            Assert.Throws<NotSupportedException>(() => new SafeStrictBuffer(_allocator, 100, new NotSupportedException()));
            Assert.Equal(1, _allocator.AllBlocks);
        }
    }

    [Fact]
    public void A_handle_without_an_allocator_is_refused_and_its_remains_are_finalized()
    {
        Assert.Throws<ArgumentNullException>(() => new SafeStrictBuffer(null!));
        Collector.Collect();
    }

    [Fact]
    public void An_allocation_that_throws_leaves_a_handle_without_a_block()
    {
        _allocator.ThrownByAllocate = new NotSupportedException("not today");
        var handle = new SafeStrictBuffer(_allocator);
        Assert.Throws<NotSupportedException>(handle.AllocateAgain);
        Assert.True(handle.IsInvalid);
        _allocator.ThrownByAllocate = null;
        handle.AllocateAgain();
        handle.Dispose();
        Assert.Equal(0, _allocator.LiveBlocks);
    }

    [Fact]
    public void A_handle_holds_one_block_in_its_life()
    {
        SafeStrictBuffer handle = SafeStrictBuffer.Allocate(100, _allocator);
        using NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.Create(10, _allocator);
        Assert.Throws<InvalidOperationException>(handle.AllocateAgain);
        Assert.Throws<InvalidOperationException>(() => handle.TakeAgain(owner));
        handle.Dispose();
        Assert.Throws<InvalidOperationException>(handle.AllocateAgain);
        Assert.Throws<InvalidOperationException>(() => handle.TakeAgain(owner));
        Assert.Equal(10, owner.Length);

        var disposedEmpty = new SafeStrictBuffer(_allocator);
        disposedEmpty.Dispose();
        Assert.Throws<InvalidOperationException>(disposedEmpty.AllocateAgain);
    }

    [Fact]
    public void A_conversion_keeps_the_size_that_was_said()
    {
        foreach (long byteCount in new long[] { 0, 1, 100, 5000 })
        {
            NativeMemoryOwner<byte> owner = SafeStrictBuffer.Allocate(byteCount, _allocator).ToOwner<byte>();
            SafeStrictBuffer handle = SafeStrictBuffer.FromOwner(owner, _allocator);
            Assert.False(handle.IsInvalid);
            Assert.Equal((ulong)byteCount, handle.ByteLength);
            owner = handle.ToOwner<byte>();
            owner.Resize(byteCount * 2);
            SafeStrictBuffer.FromOwner(owner, _allocator).Dispose();
            _allocator.AssertAllFreed();
        }
    }

    [Fact]
    public unsafe void A_block_whose_function_needs_its_size_is_freed_only_when_that_was_said()
    {
        void* block = _allocator.Allocate(100);
        var silent = new SafeStrictBuffer(_allocator);
        silent.Return(block);
        silent.Dispose();
        Assert.Equal(1, _allocator.LiveBlocks);

        var said = new SafeStrictBuffer(_allocator);
        said.Return(block);
        said.Initialize(100);
        said.Dispose();
        Assert.Equal(0, _allocator.LiveBlocks);
    }

    /// <summary>The C library's function would read a header before the block, and there is none.</summary>
    [Fact]
    public unsafe void A_function_of_the_C_library_is_not_asked_about_blocks_of_other_functions()
    {
        using var memory = NativeBuffer.Create<nuint>(16);
        memory[3] = 0x22; // To the C library: a mapping of 32 bytes, 16 of which are the block's.
        using var handle = new SafeStrictBuffer(NativeAllocator.FromFree("theirs", &FreeNothing));
        handle.Return(memory.Pointer + 4);
        handle.Initialize(64);
        Assert.Equal(64UL, handle.ByteLength);
    }

    [Fact]
    public unsafe void A_function_that_tells_the_size_of_a_block_is_asked()
    {
        using var memory = NativeBuffer.Create<nuint>(16);
        NativeAllocator[] allocators =
        [
            NativeAllocator.FromFree("theirs", &FreeNothing, &TellSize),
            NativeAllocator.FromFunctions("theirs", &AllocateNothing, null, &FreeNothing, &TellSize),
        ];
        foreach (NativeAllocator allocator in allocators)
        {
            using var handle = new SafeStrictBuffer(allocator);
            handle.Return(memory.Pointer);
            Assert.Throws<ArgumentOutOfRangeException>(() => handle.Initialize(49));
            handle.Initialize(48);
        }
    }

    [UnmanagedCallersOnly]
    private static unsafe void* AllocateNothing(nuint byteCount) => null;

    [UnmanagedCallersOnly]
    private static unsafe void FreeNothing(void* block)
    {
    }

    [UnmanagedCallersOnly]
    private static unsafe nuint TellSize(void* block) => 48;

    [Fact]
    public unsafe void No_more_uses_are_ended_than_were_begun()
    {
        var handle = SafeStrictBuffer.Allocate(100, _allocator);
        bool isBegun = false;
        handle.DangerousAddRef(ref isBegun);
        byte* start = null;
        handle.AcquirePointer(ref start);
        handle.ReleasePointer();
        handle.DangerousRelease();
        Assert.Throws<InvalidOperationException>(handle.DangerousRelease);
        Assert.Throws<InvalidOperationException>(handle.ReleasePointer);

        // As a native call in flight has it.
        SafeHandle plain = handle;
        plain.DangerousAddRef(ref isBegun);
        Assert.Throws<InvalidOperationException>(handle.DangerousRelease);
        handle.Dispose();
        Assert.Equal(1, _allocator.LiveBlocks);
        plain.DangerousRelease();
        _allocator.AssertAllFreed();
    }

    [Fact]
    public unsafe void A_handle_takes_one_address_over_in_its_life()
    {
        var handle = new SafeStrictBuffer(_allocator);
        handle.Return(null);
        Assert.True(handle.IsInvalid);
        void* block = _allocator.Allocate(100);
        handle.Return(block);
        Assert.Throws<InvalidOperationException>(() => handle.Return(block));
        handle.Initialize(100);
        handle.Dispose();
        _allocator.AssertAllFreed();
    }

    [Fact]
    public void A_size_changed_through_the_base_class_does_not_reach_the_free_function()
    {
        SafePagesBuffer pages = SafePagesBuffer.Allocate(3 * Environment.SystemPageSize);
        ((SafeBuffer)pages).Initialize(1);
        using NativeMemoryOwner<byte> owner = pages.ToOwner<byte>();
        Assert.Equal(3 * Environment.SystemPageSize, owner.Length);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(4096)]
    [InlineData(1 << 21)]
    public unsafe void An_aligned_block_keeps_its_alignment_through_owners_and_growth(int alignment)
    {
        SafeAlignedBuffer handle = SafeAlignedBuffer.Allocate(100, alignment);
        Assert.Equal(0, handle.DangerousGetHandle() % alignment);
        for (int i = 0; i < 3; i++)
        {
            NativeMemoryOwner<byte> owner = handle.ToOwner<byte>();
            owner.Resize(owner.Length * 50);
            handle = SafeAlignedBuffer.FromOwner(owner);
            Assert.Equal(0, handle.DangerousGetHandle() % alignment);
        }

        handle.Dispose();
        using SafeAlignedBuffer lines = SafeAlignedBuffer.Allocate(100);
        Assert.Equal(0, lines.DangerousGetHandle() % 64);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-64)]
    [InlineData(48)]
    public void An_alignment_is_a_power_of_two(int alignment)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => SafeAlignedBuffer.Allocate(100, alignment));
        Assert.Throws<ArgumentOutOfRangeException>(() => SafeAlignedBuffer.AllocateUninitialized(100, alignment));
    }

    [Fact]
    public void Zeroed_bytes_of_malloc_and_of_pages_cost_nothing_before_they_are_touched()
    {
        const long Size = 3L << 30;
        Func<long, SafeNativeBuffer>[] factories = [SafeMallocBuffer.Allocate, SafePagesBuffer.Allocate];
        foreach (Func<long, SafeNativeBuffer> allocate in factories)
        {
            long before = Environment.WorkingSet;
            using SafeNativeBuffer handle = allocate(Size);
            handle.Write(0, 1);
            handle.Write(Size - 4, 2);
            Assert.Equal((1, 0, 2), (handle.Read<int>(0), handle.Read<int>(Size / 2), handle.Read<int>(Size - 4)));
            Assert.InRange(Environment.WorkingSet - before, long.MinValue, Size / 2);
        }
    }
}
