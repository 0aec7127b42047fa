using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Buffers;

/// <summary>Owners over <see cref="NativeAllocator.PinnedHeap"/>: their elements are elements of arrays, which the collector keeps.</summary>
[CorrectProgram]
public class ArrayOwnerTests
{
    public static TheoryData<string> Allocators => ["PinnedHeap", "Budget", "Tracked", "Checked", "Budget, tracked, checked"];

    [Theory]
    [MemberData(nameof(Allocators))]
    public void The_memory_of_an_owner_is_that_of_an_array_of_its_type(string allocator)
    {
        foreach (int length in new[] { 0, 1, 7, 1000, 300_000 })
        {
            AssertArray<byte>(length, allocator);
            AssertArray<int>(length, allocator);
            AssertArray<double>(length, allocator);
            AssertArray<Guid>(length, allocator);
            AssertArray<decimal>(length, allocator);
        }
    }

    [Fact]
    public void Elements_beside_the_red_zones_of_a_guard_have_memory_of_their_own_if_no_array_fits()
    {
        using NativeMemoryOwner<Sized12> owner = NativeMemoryOwner<Sized12>.Create(10, Allocator("Checked"));
        Memory<Sized12> memory = owner.Memory;
        memory.Span[9] = new Sized12 { Last = 5 };
        using Borrow<Sized12> borrow = owner.Borrow();
        Assert.Equal(5, borrow[9].Last);
    }

    [Fact]
    public void Parts_and_resized_owners_have_arrays()
    {
        using NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.CreateFrom([1, 2, 3, 4, 5], NativeAllocator.PinnedHeap);
        Memory<int> before = owner.Memory;
        Assert.Equal([2, 3, 4], Segment<int>(owner.Slice(1, 3)));
        Assert.Equal([3, 4], Segment<int>(owner.Slice(1, 3)[1..]));
        Assert.Throws<ArgumentOutOfRangeException>(() => owner.Slice(3, 3));
        owner.Resize(2);
        Assert.Equal([1, 2], Segment<int>(owner.Memory));
        owner.Resize(10);
        owner.Memory.Span[0] = 9;
        Assert.Equal([9, 2, 0, 0, 0, 0, 0, 0, 0, 0], Segment<int>(owner.Memory));
        Assert.Equal([1, 2, 3, 4, 5], Segment<int>(before));

        using NativeMemoryOwner<int> moved = owner.Move();
        Assert.Throws<ObjectDisposedException>(() => owner.Memory);
        Assert.Equal(9, Segment<int>(moved.Memory)[0]);
        IMemoryOwner<int> kept = moved.Retain(1, 2);
        moved.Dispose();
        Assert.Equal([2, 0], Segment<int>(kept.Memory));
        kept.Dispose();
        Assert.Throws<ObjectDisposedException>(() => kept.Memory);
    }

    [Fact]
    public void Bytes_of_buffers_and_lists_are_elements_of_arrays_too()
    {
        using NativeMemoryOwner<byte> first = NativeBuffer.CreateFrom<byte>([1, 2, 3], NativeAllocator.PinnedHeap).ToOwner();
        Assert.Equal([1, 2, 3], Segment<byte>(first.Memory).ToArray());
        using var list = new NativeList<byte>(0, NativeAllocator.PinnedHeap);
        list.AddRange([4, 5, 6]);
        using NativeMemoryOwner<byte> second = list.ToOwner();
        Assert.Equal([4, 5, 6], Segment<byte>(second.Memory).ToArray());
    }

    [Fact]
    public unsafe void An_array_of_another_type_is_refused()
    {
        using NativeMemoryOwner<int> ints = NativeBuffer.CreateFrom<int>([1, 2, 3], NativeAllocator.PinnedHeap).ToOwner();
        AssertNone(ints.Memory);
        Assert.Equal([1, 2, 3], ints.Memory.ToArray());

        // The platform takes an int[] for a uint[], but the array of this memory would not be what its type says.
        int* block = NativeMemoryOwner<int>.CreateFrom([7, 8], NativeAllocator.PinnedHeap).Release();
        using NativeMemoryOwner<uint> adopted = NativeMemoryOwner<uint>.Adopt((uint*)block, 2, NativeAllocator.PinnedHeap);
        AssertNone(adopted.Memory);
        Assert.Equal([7u, 8u], adopted.Memory.ToArray());

        using NativeMemoryOwner<byte> other = NativeMemoryOwner<byte>.Create(10, NativeAllocator.Malloc);
        AssertNone(other.Memory);
        using NativeMemoryOwner<byte> guarded = NativeMemoryOwner<byte>.Create(10, NativeAllocator.PinnedHeap.WithGuards(GuardMode.Pages));
        AssertNone(guarded.Memory);
    }

    [Fact]
    public void A_pool_of_such_blocks_has_arrays_and_gives_them_to_later_renters()
    {
        using var pool = new NativeMemoryPool<byte>(new NativePoolOptions { Allocator = NativeAllocator.PinnedHeap });
        IMemoryOwner<byte> rental = pool.Rent(4096);
        Memory<byte> memory = rental.Memory;
        ArraySegment<byte> segment = Segment<byte>(memory);
        memory.Span[5] = 7;
        Assert.Equal((4096, 7), (segment.Count, segment[5]));
        OtherThread.Run(() => Assert.Same(segment.Array, Segment<byte>(memory[4..]).Array));
        rental.Dispose();
        AssertNone(memory);
        Assert.Throws<ObjectDisposedException>(() => memory.Span.Length);

        using PooledBuffer<byte> buffer = pool.RentBuffer(100);
        Assert.Equal(100, Segment<byte>(buffer.Memory).Count);
        using var shared = NativeMemoryPool<byte>.Shared.RentBuffer(100);
        AssertNone(shared.Memory);
    }

    /// <summary>Memory of later owners and arrays would show in the span, if the collector gave them its memory.</summary>
    [Theory]
    [MemberData(nameof(Allocators))]
    [SuppressMessage("Ownership", "NB0004", Justification = "The span keeps the array after the end of its owner, which is the test.")]
    public void A_span_that_is_used_after_the_disposal_reads_the_same_as_before(string allocator)
    {
        int wrong = 0;
        NativeAllocator chosen = Allocator(allocator);
        for (int round = 0; round < 1000; round++)
        {
            ReadOnlySpan<int> span = SpanOfDisposed(chosen, round, out Memory<int> memory);
            if (round % 100 == 0)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            for (int i = 0; i < 8; i++)
            {
                GC.AllocateUninitializedArray<int>(200 + i, pinned: true).AsSpan().Fill(-1);
                using NativeMemoryOwner<int> next = NativeMemoryOwner<int>.CreateUninitialized(200 + i, chosen);
                next.Memory.Span.Fill(-1);
            }

            wrong += span.IndexOfAnyExcept(round) < 0 && memory.Span.IndexOfAnyExcept(round) < 0 ? 0 : 1;
        }

        Assert.Equal(0, wrong);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static Span<int> SpanOfDisposed(NativeAllocator allocator, int value, out Memory<int> memory)
        {
            using NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.Create(200 + (value % 8), allocator);
            Span<int> span = owner.GetSpan();
            span.Fill(value);
            memory = owner.Memory;
            return span;
        }
    }

    [Fact]
    public void Disposal_lets_the_array_go()
    {
        WeakReference array = ArrayOfDisposed();
        Assert.True(Collector.Until(() => !array.IsAlive));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference ArrayOfDisposed()
        {
            using NativeMemoryOwner<long> owner = NativeMemoryOwner<long>.Create(1000, NativeAllocator.PinnedHeap);
            return new WeakReference(Segment<long>(owner.Memory).Array);
        }
    }

    private static void AssertArray<T>(int length, string allocator)
        where T : unmanaged
    {
        NativeMemoryOwner<T> owner = NativeMemoryOwner<T>.Create(length, Allocator(allocator));
        Memory<T> memory = owner.Memory;
        ArraySegment<T> segment = Segment<T>(memory);
        Assert.Equal(typeof(T[]), segment.Array!.GetType());
        Assert.Equal(length, segment.Count);
        using (Borrow<T> borrow = owner.Borrow())
        {
            Assert.True(borrow.Span == segment.AsSpan());
            Assert.True(borrow.Span == memory.Span);
            MemoryMarshal.AsBytes(borrow.Span).Fill(0xa5);
        }

        unsafe
        {
            using MemoryHandle pin = owner.Pin();
            Assert.Equal(0u, (nuint)pin.Pointer % 16);
        }

        owner.Dispose();
        Assert.Throws<ObjectDisposedException>(() => owner.Memory);
        Assert.Throws<ObjectDisposedException>(() => owner.Slice(0, 0));
        Assert.Equal(length * Unsafe.SizeOf<T>(), MemoryMarshal.AsBytes(memory.Span).Count((byte)0xa5));
    }

    private static ArraySegment<T> Segment<T>(Memory<T> memory)
    {
        Assert.True(MemoryMarshal.TryGetArray(memory, out ArraySegment<T> segment));
        return segment;
    }

    private static void AssertNone<T>(Memory<T> memory) => Assert.False(MemoryMarshal.TryGetArray<T>(memory, out _));

    private static NativeAllocator Allocator(string name)
    {
        NativeAllocator allocator = NativeAllocator.PinnedHeap;
        allocator = name.Contains("hecked", StringComparison.Ordinal) ? allocator.WithGuards(GuardMode.Checked) : allocator;
        allocator = name.Contains("racked", StringComparison.Ordinal) ? allocator.WithTracking() : allocator;
        return name.Contains("Budget", StringComparison.Ordinal) ? allocator.WithLimit(1 << 30) : allocator;
    }

    [StructLayout(LayoutKind.Sequential, Size = 12)]
    private struct Sized12
    {
        public int Last;
    }
}
