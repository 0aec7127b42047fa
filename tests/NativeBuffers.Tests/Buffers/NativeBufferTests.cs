using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Tests.Buffers;

/// <summary>Promises of a scoped buffer in correct use.</summary>
[CorrectProgram]
public class NativeBufferTests
{
    public static TheoryData<int> Lengths => [0, 1, 2, 15, 16, 17, 64, 1000, 4096, 65_536, 65_537, 100_000, 5_000_000];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void A_created_buffer_has_its_length_and_is_zero_though_its_memory_was_used_before(int length)
    {
        for (int round = 0; round < 3; round++)
        {
            using var buffer = NativeBuffer.Create<int>(length);
            Assert.Equal(length, buffer.Length);
            Assert.Equal(length == 0, buffer.IsEmpty);
            Assert.False(buffer.IsDisposed);
            Assert.Equal(-1, buffer.AsSpan().IndexOfAnyExcept(0));
            buffer.Fill(-1);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(1000)]
    [InlineData(65_536)]
    public void Buffers_in_each_others_scopes_are_zero_though_their_memory_was_used_before(int length)
    {
        for (int round = 0; round < 3; round++)
        {
            Nest(length, depth: 300);
        }

        static void Nest(int length, int depth)
        {
            using var buffer = NativeBuffer.Create<int>(length);
            Assert.Equal(-1, buffer.AsSpan().IndexOfAnyExcept(0));
            buffer.Fill(depth);
            if (depth > 1)
            {
                Nest(length, depth - 1);
            }

            Assert.Equal(-1, buffer.AsSpan().IndexOfAnyExcept(depth));
        }
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void An_uninitialized_buffer_holds_the_elements_written_to_it(int length)
    {
        using var buffer = NativeBuffer.CreateUninitialized<long>(length);
        for (int i = 0; i < buffer.Length; i++)
        {
            buffer[i] = i * 3L;
        }

        long expected = 0;
        foreach (ref long element in buffer.AsSpan())
        {
            Assert.Equal(expected, element);
            expected += 3;
        }
    }

    [Fact]
    public void CreateFrom_copies_and_shares_nothing_with_its_source()
    {
        int[] source = [1, 2, 3];
        using var buffer = NativeBuffer.CreateFrom<int>(source);
        source[0] = 99;
        Assert.Equal([1, 2, 3], buffer.AsSpan().ToArray());
        Assert.False(buffer.Overlaps(source));
        using var empty = NativeBuffer.CreateFrom(ReadOnlySpan<int>.Empty);
        Assert.True(empty.IsEmpty);
    }

    [Fact]
    public void TryCreate_gives_a_zeroed_buffer()
    {
        Assert.True(NativeBuffer.TryCreate(1000, out NativeBuffer<int> buffer));
        using (buffer)
        {
            Assert.Equal(1000, buffer.Length);
            Assert.Equal(-1, buffer.AsSpan().IndexOfAnyExcept(0));
        }
    }

    [Fact]
    public void Elements_are_reached_from_both_ends_and_by_range()
    {
        using var buffer = NativeBuffer.CreateFrom<int>([10, 20, 30, 40, 50]);
        Assert.Equal(10, buffer[0]);
        Assert.Equal(50, buffer[^1]);
        Assert.Equal([20, 30], buffer.AsSpan(1, 2).ToArray());
        Assert.Equal([40, 50], buffer.AsSpan(3).ToArray());
        Assert.Equal([20, 30, 40], buffer.AsSpan(1..^1).ToArray());
        Assert.Equal([20, 30, 40], buffer.AsSpan()[1..^1].ToArray());
        ref int third = ref buffer[2];
        third = 33;
        Assert.Equal(33, buffer[^3]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void A_foreach_gives_each_element_in_its_order(int length)
    {
        using var buffer = NativeBuffer.CreateFrom<int>(Enumerable.Range(0, length).ToArray());
        int next = 0;
        foreach (int element in buffer)
        {
            Assert.Equal(next++, element);
        }

        Assert.Equal(length, next);
    }

    [Fact]
    public void A_foreach_over_the_default_buffer_gives_nothing()
    {
        foreach (int element in default(NativeBuffer<int>))
        {
            Assert.Fail($"It gave {element}.");
        }
    }

    [Fact]
    public void A_range_is_a_view_and_an_array_is_a_copy()
    {
        using var buffer = NativeBuffer.CreateFrom<int>([10, 20, 30, 40, 50]);
        int[] copy = buffer.ToArray();
        buffer[1..^1].Fill(1);
        Assert.Equal([10, 1, 1, 1, 50], buffer.ToArray());
        Assert.Equal([10, 20, 30, 40, 50], copy);
        Assert.Equal(0, buffer[5..].Length);
        Assert.Throws<ArgumentOutOfRangeException>(
            () =>
            {
                using var three = NativeBuffer.Create<int>(3);
                return three[2..5].Length;
            });
    }

    [Fact]
    public void It_converts_to_spans()
    {
        using var buffer = NativeBuffer.CreateFrom<int>([1, 2, 3]);
        Assert.Equal(6, Sum(buffer));
        Double(buffer);
        Assert.Equal(12, Sum(buffer));

        static int Sum(ReadOnlySpan<int> numbers)
        {
            int sum = 0;
            foreach (int number in numbers)
            {
                sum += number;
            }

            return sum;
        }

        static void Double(Span<int> numbers)
        {
            foreach (ref int number in numbers)
            {
                number *= 2;
            }
        }
    }

    [Fact]
    public void Clear_Fill_CopyTo_and_Overlaps_do_as_spans_do()
    {
        using var buffer = NativeBuffer.Create<int>(4);
        buffer.Fill(7);
        int[] target = new int[6];
        buffer.CopyTo(target.AsSpan(1));
        Assert.Equal([0, 7, 7, 7, 7, 0], target);
        buffer.CopyTo(buffer);
        buffer.Clear();
        Assert.Equal([0, 0, 0, 0], buffer.AsSpan().ToArray());
        Assert.True(buffer.Overlaps(buffer.AsSpan(3)));
        Assert.False(buffer.Overlaps(target));
        bool refused = false;
        try
        {
            buffer.CopyTo(target.AsSpan(0, 3));
        }
        catch (ArgumentException)
        {
            refused = true;
        }

        Assert.True(refused);
    }

    [Fact]
    public unsafe void Pinning_gives_the_address_of_the_first_element()
    {
        using var buffer = NativeBuffer.CreateFrom<int>([5, 6]);
        fixed (int* pinned = buffer)
        {
            Assert.Equal(6, pinned[1]);
            Assert.True(pinned == buffer.Pointer);
        }

        using var empty = NativeBuffer.Create<int>(0);
        fixed (int* pinned = empty)
        {
            Assert.True(pinned == null);
        }
    }

    [Fact]
    public unsafe void Blocks_of_the_default_allocator_start_at_a_cache_line()
    {
        Needs.BareBlocks();
        foreach (int length in new[] { 0, 1, 63, 64, 65, 200, 5000, 262_144, 262_145, 3_000_000 })
        {
            using var buffer = NativeBuffer.CreateUninitialized<byte>(length);
            Assert.Equal(0u, (nuint)buffer.Pointer % 64);
        }
    }

    [Fact]
    public void A_using_variable_may_be_resized_and_frees_its_last_block()
    {
        long before;
        {
            using var buffer = NativeBuffer.CreateFrom<int>([1, 2, 3]);
            buffer.Resize(100_000);
            Assert.Equal(100_000, buffer.Length);
            Assert.Equal([1, 2, 3, 0], buffer.AsSpan(0, 4).ToArray());
            buffer.Fill(9);
            buffer.Resize(2);
            Assert.Equal([9, 9], buffer.AsSpan().ToArray());
            buffer.Resize(50);
            Assert.Equal([9, 9, 0], buffer.AsSpan(0, 3).ToArray());
            Assert.Equal(-1, buffer.AsSpan(2).IndexOfAnyExcept(0));
            before = buffer.Length;
        }

        Assert.Equal(50, before);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(1000)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(1_000_000)]
    public void Resize_keeps_contents_and_zeroes_the_rest_between_all_sizes(int from)
    {
        foreach (int to in new[] { 0, 1, 16, 17, 1000, 65_536, 65_537, 70_000, 1_000_000, 2_000_000 })
        {
            var buffer = NativeBuffer.CreateUninitialized<int>(from);
            for (int i = 0; i < from; i++)
            {
                buffer[i] = i + 1;
            }

            buffer.Resize(to);
            Assert.Equal(to, buffer.Length);
            int wrong = 0;
            for (int i = 0; i < to; i++)
            {
                wrong += buffer[i] == (i < from ? i + 1 : 0) ? 0 : 1;
            }

            Assert.Equal(0, wrong);
            buffer.Dispose();
        }
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0002", Justification = "A moved buffer is empty, which is the test.")]
    public void Moving_hands_the_memory_over_and_leaves_an_empty_buffer()
    {
        var source = NativeBuffer.CreateFrom<int>([1, 2, 3]);
        using NativeBuffer<int> target = source.Move();
        Assert.Equal([1, 2, 3], target.AsSpan().ToArray());
        Assert.True(source.IsEmpty);
        Assert.False(source.IsDisposed);
        Assert.True(source.AsSpan().IsEmpty);
        source.Dispose();
        Assert.Equal(1, target[0]);
        Assert.False(target.IsDisposed);
    }

    [Fact]
    public void A_buffer_may_be_returned_from_a_method()
    {
        using NativeBuffer<int> made = Make();
        Assert.Equal(3, made.Length);

        static NativeBuffer<int> Make()
        {
            var buffer = NativeBuffer.CreateFrom<int>([1, 2, 3]);
            buffer[0] = 5;
            return buffer;
        }
    }

    [Fact]
    public void The_default_value_is_a_valid_empty_buffer()
    {
        NativeBuffer<int> buffer = default;
        Assert.True(buffer.IsEmpty);
        Assert.False(buffer.IsDisposed);
        Assert.True(buffer.AsSpan().IsEmpty);
        Assert.True(((Span<int>)buffer).IsEmpty);
        buffer.Clear();
        buffer.Fill(1);
        buffer.CopyTo([]);
        Assert.False(buffer.Overlaps([1]));
        Assert.True(buffer.Move().IsEmpty);
        buffer.Dispose();
        Assert.False(buffer.IsDisposed);
        buffer.Resize(3);
        Assert.Equal([0, 0, 0], buffer.AsSpan().ToArray());
        buffer.Dispose();
        Assert.True(buffer.IsDisposed);
    }

    [Fact]
    public void Nothing_is_allocated_on_the_managed_heap()
    {
        Needs.Caches();
        Work();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
        {
            Work();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static void Work()
        {
            using var first = NativeBuffer.Create<int>(100);
            using var second = NativeBuffer.CreateUninitialized<byte>(5000);
            using var large = NativeBuffer.CreateUninitialized<byte>(500_000);
            using var aligned = NativeBuffer.Create<double>(8, NativeAllocator.Aligned(64));
            using var copied = NativeBuffer.CreateFrom<int>(first.AsSpan());
            copied.Resize(3000);
            using NativeBuffer<int> moved = copied.Move();
            moved[0] = second[0];
        }
    }

    [Fact]
    public void An_element_type_may_be_any_size()
    {
        using var odd = NativeBuffer.Create<Odd>(1000);
        odd[999].Last = 7;
        odd.Resize(2000);
        Assert.Equal(7, odd[999].Last);
        Assert.Equal(0, odd[1999].Last);
        using var decimals = NativeBuffer.CreateFrom<decimal>([1.5m, 2.5m]);
        Assert.Equal(4m, decimals[0] + decimals[1]);
    }

    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential, Pack = 1)]
    private struct Odd
    {
        public short First;
        public byte Last;
    }
}
