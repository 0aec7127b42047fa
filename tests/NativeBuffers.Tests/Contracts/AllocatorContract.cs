using NativeBuffers.Primitives;

namespace NativeBuffers.Tests.Contracts;

/// <summary>Promises of every allocator. An allocator joins with one line: derive, and name it.</summary>
public abstract class AllocatorContract(NativeAllocator allocator)
{
    /// <summary>Around every boundary there is: nothing, alignments, cache lines, pages, size classes, the largest class.</summary>
    private static readonly nuint[] s_sizes =
    [
        0, 1, 7, 8, 15, 16, 17, 63, 64, 65, 127, 128, 129, 1023, 1024, 1025, 4095, 4096, 4097, 65_536, 262_143, 262_144, 262_145,
        1_048_577,
    ];

    public static TheoryData<int> Alignments => [.. Enumerable.Range(0, 21).Select(static power => 1 << power)];

    [Theory]
    [MemberData(nameof(Alignments))]
    public unsafe void A_block_starts_at_its_alignment_and_holds_the_bytes_written_to_it(int alignment)
    {
        foreach (nuint size in s_sizes)
        {
            byte* block = (byte*)allocator.AllocateUninitialized(size, (nuint)alignment);
            try
            {
                Assert.True(block != null);
                Assert.Equal((nuint)0, (nuint)block % (nuint)alignment);
                Pattern.Write(block, size, seed: (int)size);
                Pattern.Verify(block, size, seed: (int)size);
            }
            finally
            {
                allocator.Free(block, size, (nuint)alignment);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Alignments))]
    public unsafe void A_zeroed_block_is_zero_though_its_memory_was_used_before(int alignment)
    {
        foreach (nuint size in s_sizes)
        {
            void* dirty = allocator.AllocateUninitialized(size, (nuint)alignment);
            new Span<byte>(dirty, (int)size).Fill(0xA5);
            allocator.Free(dirty, size, (nuint)alignment);

            byte* block = (byte*)allocator.Allocate(size, (nuint)alignment);
            Assert.Equal(-1, new Span<byte>(block, (int)size).IndexOfAnyExcept((byte)0));
            allocator.Free(block, size, (nuint)alignment);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(64)]
    [InlineData(256)]
    [InlineData(4096)]
    [InlineData(65_536)]
    public unsafe void A_resized_block_keeps_its_contents_and_its_alignment_and_new_bytes_are_zero(int alignment)
    {
        foreach (nuint oldSize in s_sizes)
        {
            foreach (nuint newSize in s_sizes)
            {
                // The block is larger first, so that the bytes after its end are not zero by chance.
                nuint firstSize = nuint.Max(oldSize, newSize) + 64;
                byte* block = (byte*)allocator.AllocateUninitialized(firstSize, (nuint)alignment);
                new Span<byte>(block, (int)firstSize).Fill(0xA5);
                block = (byte*)allocator.Resize(block, firstSize, oldSize, (nuint)alignment);
                Pattern.Write(block, oldSize, seed: 7);

                block = (byte*)allocator.Resize(block, oldSize, newSize, (nuint)alignment);

                Assert.Equal((nuint)0, (nuint)block % (nuint)alignment);
                Pattern.Verify(block, nuint.Min(oldSize, newSize), seed: 7);
                if (newSize > oldSize)
                {
                    Assert.Equal(-1, new Span<byte>(block + oldSize, (int)(newSize - oldSize)).IndexOfAnyExcept((byte)0));
                }

                allocator.Free(block, newSize, (nuint)alignment);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(64)]
    [InlineData(256)]
    [InlineData(4096)]
    [InlineData(65_536)]
    public unsafe void A_block_resized_uninitialized_keeps_its_contents_and_its_alignment(int alignment)
    {
        foreach (nuint oldSize in s_sizes)
        {
            foreach (nuint newSize in s_sizes)
            {
                byte* block = (byte*)allocator.AllocateUninitialized(oldSize, (nuint)alignment);
                Pattern.Write(block, oldSize, seed: 7);

                block = (byte*)allocator.TryResizeUninitialized(block, oldSize, newSize, (nuint)alignment);

                Assert.True(block != null);
                Assert.Equal((nuint)0, (nuint)block % (nuint)alignment);
                Pattern.Verify(block, nuint.Min(oldSize, newSize), seed: 7);
                Pattern.Write(block, newSize, seed: 8);
                Pattern.Verify(block, newSize, seed: 8);
                allocator.Free(block, newSize, (nuint)alignment);
            }
        }
    }

    [Theory]
    [InlineData(16, true)]
    [InlineData(16, false)]
    [InlineData(8192, true)]
    [InlineData(8192, false)]
    public unsafe void Blocks_are_resized_across_the_border_of_whole_pages(int alignment, bool zeroed)
    {
        const nuint Border = 32 * 1024 * 1024;
        nuint size = Border - 1;
        byte* block = (byte*)allocator.AllocateUninitialized(size, (nuint)alignment);
        Mark(new Span<byte>(block, (int)size));
        foreach (nuint next in new[] { Border, Border - 1, Border + 1, Border, Border + 4096, Border - 4096, Border + 1, 1000u, Border + 1 })
        {
            block = (byte*)(zeroed
                ? allocator.TryResize(block, size, next, (nuint)alignment)
                : allocator.TryResizeUninitialized(block, size, next, (nuint)alignment));
            Assert.True(block != null);
            Assert.Equal((nuint)0, (nuint)block % (nuint)alignment);
            AssertMarked(new Span<byte>(block, (int)nuint.Min(size, next)), (int)size);
            if (zeroed && next > size)
            {
                Assert.Equal(-1, new Span<byte>(block + size, (int)(next - size)).IndexOfAnyExcept((byte)0));
            }

            Mark(new Span<byte>(block, (int)next));
            size = next;
        }

        allocator.Free(block, size, (nuint)alignment);
    }

    [Fact]
    public unsafe void Blocks_of_no_bytes_are_not_null_and_not_the_same()
    {
        void* first = allocator.Allocate(0);
        void* second = allocator.Allocate(0);
        Assert.True(first != null && second != null && first != second);
        allocator.Free(first, 0);
        allocator.Free(second, 0);
    }

    [Fact]
    public unsafe void Freeing_null_does_nothing() => allocator.Free(null, 100);

    [Fact]
    public unsafe void A_size_that_cannot_be_allocated_gives_null_or_an_exception_that_names_the_allocator()
    {
        nuint tooMuch = (nuint)nint.MaxValue - 8192;
        foreach (bool zeroed in new[] { false, true })
        {
            Assert.True(allocator.TryAllocate(tooMuch, 16, zeroed) == null);
            Assert.True(allocator.TryAllocate(tooMuch, 4096, zeroed) == null);
        }

        string message = Assert.Throws<OutOfMemoryException>(() => { _ = allocator.Allocate(tooMuch); }).Message;
        Assert.Contains(allocator.Name, message);
        Assert.Throws<OutOfMemoryException>(() => { _ = allocator.AllocateUninitialized(tooMuch); });
    }

    [Theory]
    [InlineData(16)]
    [InlineData(128)]
    [InlineData(8192)]
    public unsafe void A_resize_that_fails_leaves_the_block_unchanged(int alignment)
    {
        byte* block = (byte*)allocator.AllocateUninitialized(1000, (nuint)alignment);
        Pattern.Write(block, 1000, seed: 3);
        nuint tooMuch = (nuint)nint.MaxValue - 8192;

        Assert.True(allocator.TryResize(block, 1000, tooMuch, (nuint)alignment) == null);
        Assert.True(allocator.TryResizeUninitialized(block, 1000, tooMuch, (nuint)alignment) == null);
        Assert.Throws<OutOfMemoryException>(() => { _ = allocator.Resize(block, 1000, tooMuch, (nuint)alignment); });

        Pattern.Verify(block, 1000, seed: 3);
        allocator.Free(block, 1000, (nuint)alignment);
    }

    [Fact]
    public unsafe void A_size_or_an_alignment_that_cannot_be_one_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = allocator.Allocate((nuint)nint.MaxValue + 1); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = allocator.TryAllocate(nuint.MaxValue, 16, zeroed: true); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = allocator.Allocate(10, 0); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = allocator.Allocate(10, 24); });
        Assert.Throws<ArgumentNullException>(() => { _ = allocator.Resize(null, 0, 10); });

        void* block = allocator.Allocate(10);
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = allocator.Resize(block, 10, nuint.MaxValue); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = allocator.Resize(block, 10, 20, 3); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = allocator.TryResizeUninitialized(block, 10, nuint.MaxValue); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = allocator.TryResizeUninitialized(block, 10, 20, 3); });
        Assert.Throws<ArgumentNullException>(() => { _ = allocator.TryResizeUninitialized(null, 0, 10); });
        allocator.Free(block, 10);
    }

    [Fact]
    public unsafe void Blocks_that_live_at_once_share_no_byte()
    {
        var random = new Random(1);
        var live = new List<(nint Block, int Size, int Seed)>();
        for (int step = 0; step < 5000; step++)
        {
            if (live.Count < 300 && random.Next(3) != 0)
            {
                int size = random.Next(8) == 0 ? random.Next(20_000) : random.Next(300);
                byte* block = (byte*)allocator.AllocateUninitialized((nuint)size);
                Pattern.Write(block, (nuint)size, seed: step);
                live.Add(((nint)block, size, step));
            }
            else if (live.Count > 0)
            {
                int index = random.Next(live.Count);
                (nint block, int size, int seed) = live[index];
                live.RemoveAt(index);
                Pattern.Verify((byte*)block, (nuint)size, seed);
                allocator.Free((void*)block, (nuint)size);
            }
        }

        foreach ((nint block, int size, int seed) in live)
        {
            Pattern.Verify((byte*)block, (nuint)size, seed);
            allocator.Free((void*)block, (nuint)size);
        }
    }

    [Fact]
    public async Task A_block_may_be_freed_by_another_thread()
    {
        using var handedOver = new System.Collections.Concurrent.BlockingCollection<(nint Block, int Size, int Seed)>(64);
        CancellationToken cancelled = TestContext.Current.CancellationToken;

        Task producer = Task.Run(
            () =>
            {
                for (int i = 0; i < 6000; i++)
                {
                    handedOver.Add(Make(i), cancelled);
                }

                handedOver.CompleteAdding();
            },
            cancelled);
        Task consumer = Task.Run(
            () =>
            {
                foreach ((nint block, int size, int seed) in handedOver.GetConsumingEnumerable(cancelled))
                {
                    Take(block, size, seed);
                }
            },
            cancelled);
        await Task.WhenAll(producer, consumer);

        unsafe (nint Block, int Size, int Seed) Make(int i)
        {
            int size = (i * 37) % 5000;
            byte* block = (byte*)allocator.AllocateUninitialized((nuint)size);
            Pattern.Write(block, (nuint)size, i);
            return ((nint)block, size, i);
        }

        unsafe void Take(nint block, int size, int seed)
        {
            Pattern.Verify((byte*)block, (nuint)size, seed);
            allocator.Free((void*)block, (nuint)size);
        }
    }

    [Fact]
    public unsafe void A_block_may_be_larger_than_an_int_counts()
    {
        nuint size = (nuint)int.MaxValue + 4096;
        byte* block = (byte*)allocator.AllocateUninitialized(size);
        block[0] = 1;
        block[size - 1] = 2;
        Assert.Equal((1, 2), (block[0], block[size - 1]));
        allocator.Free(block, size);
    }

    [Fact]
    public void A_buffer_takes_its_block_from_it_resizes_and_gives_it_back()
    {
        foreach (int length in new[] { 0, 1, 100, 16_384, 300_000 })
        {
            var buffer = NativeBuffer.Create<int>(length, allocator);
            Assert.Equal(length, buffer.Length);
            Assert.Equal(-1, buffer.AsSpan().IndexOfAnyExcept(0));
            buffer.Fill(42);

            buffer.Resize((length * 2) + 1);
            Assert.Equal(-1, buffer.AsSpan(0, length).IndexOfAnyExcept(42));
            Assert.Equal(-1, buffer.AsSpan(length).IndexOfAnyExcept(0));

            buffer.Resize(length / 2);
            Assert.Equal(-1, buffer.AsSpan().IndexOfAnyExcept(42));
            buffer.Dispose();
            Assert.True(buffer.IsDisposed);
        }
    }

    [Fact]
    public void A_buffer_throws_when_the_allocator_is_exhausted()
    {
        Assert.False(NativeBuffer.TryCreate<Huge>(int.MaxValue, out NativeBuffer<Huge> none, allocator));
        Assert.True(none.IsEmpty);
        none.Dispose();
        Assert.Throws<OutOfMemoryException>(() => NativeBuffer.Create<Huge>(int.MaxValue, allocator).Dispose());
        Assert.Throws<OutOfMemoryException>(() => NativeBuffer.CreateUninitialized<Huge>(int.MaxValue, allocator).Dispose());
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeBuffer.Create<int>(-1, allocator).Dispose());
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeBuffer.CreateUninitialized<int>(int.MinValue, allocator).Dispose());
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeBuffer.TryCreate<int>(-1, out _, allocator));
    }

    [Fact]
    public void A_buffer_whose_resize_fails_is_unchanged()
    {
        using var buffer = NativeBuffer.Create<Huge>(3, allocator);
        Assert.Throws<OutOfMemoryException>(
            () =>
            {
                using var other = NativeBuffer.Create<Huge>(1, allocator);
                other.Resize(int.MaxValue);
            });

        bool failed = false;
        try
        {
            buffer.Resize(int.MaxValue);
        }
        catch (OutOfMemoryException)
        {
            failed = true;
        }

        Assert.True(failed);
        Assert.Equal(3, buffer.Length);
        Assert.False(buffer.IsDisposed);
        buffer.Clear();
    }

    private static void Mark(Span<byte> block)
    {
        foreach ((int start, int end) in MarksOf(block.Length))
        {
            block[start..end].Fill(0xA5);
        }
    }

    /// <summary>The block has the marks of a block of the former length, as far as it goes.</summary>
    private static void AssertMarked(ReadOnlySpan<byte> block, int formerLength)
    {
        foreach ((int start, int end) in MarksOf(formerLength))
        {
            if (start < block.Length)
            {
                Assert.Equal(-1, block[start..int.Min(end, block.Length)].IndexOfAnyExcept((byte)0xA5));
            }
        }
    }

    /// <summary>Places in a large block: both ends, and between them a byte in each 64 KiB.</summary>
    /// <remarks>A resize copies or maps one range, so a byte that it loses is at an end, or many bytes are lost. To touch all takes seconds.</remarks>
    private static IEnumerable<(int Start, int End)> MarksOf(int length)
    {
        const int Part = 65_536;
        yield return (0, int.Min(Part, length));
        for (int place = Part; place < length - Part; place += Part)
        {
            yield return (place, place + 1);
        }

        yield return (int.Max(0, length - Part), length);
    }

    /// <summary>2^31 of these are more than any address space holds.</summary>
    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential, Size = 1 << 19)]
    private struct Huge;
}
