using System.Diagnostics.CodeAnalysis;
using NativeBuffers.Primitives;

namespace NativeBuffers.Tests.Buffers;

/// <summary>Wrong use throws, and never reaches memory of another owner.</summary>
[SuppressMessage("Ownership", "NB0003", Justification = "Disposals of ended buffers and of their copies must free nothing.")]
[SuppressMessage("Ownership", "NB0005", Justification = "Stale copies are the subject.")]
public class NativeBufferMisuseTests
{
    /// <summary>The outcome of a member.</summary>
    private enum Outcome
    {
        Worked,
        Disposed,
        OutOfRange,
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    public void A_negative_length_is_refused(int length)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeBuffer.Create<int>(length).Dispose());
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeBuffer.Create<byte>(length).Dispose());
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeBuffer.CreateUninitialized<int>(length).Dispose());
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeBuffer.TryCreate<int>(length, out _));
        Assert.Throws<ArgumentOutOfRangeException>(
            () =>
            {
                using var buffer = NativeBuffer.Create<int>(3);
                buffer.Resize(length);
            });
        Assert.Throws<ArgumentOutOfRangeException>(
            () =>
            {
                NativeBuffer<int> buffer = default;
                buffer.Resize(length);
            });
    }

    [Fact]
    public void An_index_outside_the_buffer_is_refused()
    {
        foreach (int index in new[] { -1, 3, int.MaxValue, int.MinValue })
        {
            Assert.Throws<IndexOutOfRangeException>(
                () =>
                {
                    using var buffer = NativeBuffer.Create<int>(3);
                    return buffer[index];
                });
        }

        Assert.Throws<IndexOutOfRangeException>(
            () =>
            {
                using var buffer = NativeBuffer.Create<int>(3);
                return buffer[^4];
            });
        Assert.Throws<ArgumentOutOfRangeException>(
            () =>
            {
                using var buffer = NativeBuffer.Create<int>(3);
                return buffer.AsSpan(2, 2).Length;
            });
        Assert.Throws<ArgumentOutOfRangeException>(
            () =>
            {
                using var buffer = NativeBuffer.Create<int>(3);
                return buffer.AsSpan(4).Length;
            });
    }

    [Fact]
    public void More_memory_than_there_is_is_refused_and_the_caches_are_emptied_for_it()
    {
        Assert.Throws<OutOfMemoryException>(() => NativeBuffer.Create<Block>(int.MaxValue).Dispose());
        Assert.False(NativeBuffer.TryCreate(int.MaxValue, out NativeBuffer<Block> none));
        Assert.True(none.IsEmpty);
        Assert.False(none.IsDisposed);
    }

    [Fact]
    public void A_disposed_buffer_refuses_every_member_and_frees_once()
    {
        var buffer = NativeBuffer.Create<int>(10);
        buffer.Dispose();
        Assert.True(buffer.IsDisposed);
        Assert.Equal(0, buffer.Length);
        AssertRefused(ref buffer);
        Assert.Throws<IndexOutOfRangeException>(() => { NativeBuffer<int> again = default; return again[0]; });
        buffer.Dispose();
        buffer.Dispose();
        AssertTwoBuffersShareNothing();
    }

    [Fact]
    public void A_stale_copy_refuses_every_member_though_it_still_knows_its_span()
    {
        var buffer = NativeBuffer.Create<int>(10);
        NativeBuffer<int> copy = buffer;
        buffer.Dispose();
        Assert.True(copy.IsDisposed);
        AssertRefused(ref copy);
    }

    [Fact]
    public void A_stale_copy_stays_stale_when_its_memory_has_a_new_owner()
    {
        var first = NativeBuffer.Create<int>(10);
        NativeBuffer<int> stale = first;
        first.Dispose();
        using var second = NativeBuffer.Create<int>(10);
        second.Fill(5);

        Assert.True(stale.IsDisposed);
        AssertRefused(ref stale);
        stale.Dispose();
        Assert.False(second.IsDisposed);
        Assert.Equal([5, 5, 5, 5, 5, 5, 5, 5, 5, 5], second.AsSpan().ToArray());

        using var third = NativeBuffer.Create<int>(10);
        Assert.False(second.Overlaps(third));
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0001", Justification = "The disposals come in the order of an array.")]
    public void A_copy_that_was_already_freed_frees_nothing_in_whatever_order()
    {
        for (int order = 0; order < 6; order++)
        {
            var first = NativeBuffer.Create<byte>(100);
            NativeBuffer<byte> second = first;
            NativeBuffer<byte> third = second;
            int[] permutation = [order % 3, (order + 1 + (order / 3)) % 3, 0];
            permutation[2] = 3 - permutation[0] - permutation[1];
            foreach (int which in permutation)
            {
                switch (which)
                {
                    case 0:
                        first.Dispose();
                        break;
                    case 1:
                        second.Dispose();
                        break;
                    default:
                        third.Dispose();
                        break;
                }
            }

            Assert.True(first.IsDisposed && second.IsDisposed && third.IsDisposed);
            AssertTwoBuffersShareNothing();
        }
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1_000_000)]
    public void Copies_of_a_buffer_that_moved_are_stale(int length)
    {
        var source = NativeBuffer.Create<int>(length);
        NativeBuffer<int> copy = source;
        using NativeBuffer<int> target = source.Move();
        Assert.True(copy.IsDisposed);
        AssertRefused(ref copy);
        copy.Dispose();
        Assert.False(target.IsDisposed);
        Assert.Equal(0, target[length - 1]);
    }

    [Fact]
    public void A_stale_copy_cannot_be_moved()
    {
        var source = NativeBuffer.Create<int>(10);
        NativeBuffer<int> copy = source;
        source.Dispose();
        Assert.Equal(Outcome.Disposed, Try(ref copy, static (ref NativeBuffer<int> buffer) => buffer.Move().Dispose()));
    }

    [Theory]
    [InlineData(10, 12)]
    [InlineData(10, 1000)]
    [InlineData(1000, 10)]
    [InlineData(100_000, 1_000_000)]
    [InlineData(1_000_000, 2_000_000)]
    [InlineData(1_000_000, 10)]
    public void Copies_of_a_buffer_that_was_resized_are_stale(int from, int to)
    {
        var buffer = NativeBuffer.Create<int>(from);
        NativeBuffer<int> copy = buffer;
        buffer.Resize(to);
        Assert.True(copy.IsDisposed);
        AssertRefused(ref copy);
        Assert.False(buffer.IsDisposed);
        buffer[to - 1] = 1;

        // A name of the same buffer: see HiddenCopyTests.
        copy.Dispose();
        Assert.True(buffer.IsDisposed);
        AssertRefused(ref buffer);
        buffer.Dispose();
    }

    [Fact]
    public void A_disposed_buffer_cannot_be_resized()
    {
        var buffer = NativeBuffer.Create<int>(10);
        buffer.Dispose();
        Assert.Equal(Outcome.Disposed, Try(ref buffer, static (ref NativeBuffer<int> b) => b.Resize(20)));
        var large = NativeBuffer.Create<int>(1_000_000);
        large.Dispose();
        Assert.Equal(Outcome.Disposed, Try(ref large, static (ref NativeBuffer<int> b) => b.Resize(20)));
    }

    [Fact]
    public void Scopes_that_are_left_by_exceptions_give_their_memory_back()
    {
        var allocator = new CustomAllocator();
        for (int i = 0; i < 1000; i++)
        {
            Assert.Throws<InvalidOperationException>(
                () =>
                {
                    using var outer = NativeBuffer.Create<int>(10, allocator);
                    for (int turn = 0; turn < 3; turn++)
                    {
                        using var inner = NativeBuffer.Create<int>(100);
                        inner[turn] = outer[turn];
                        if (turn == 2)
                        {
                            throw new InvalidOperationException();
                        }
                    }
                });
        }

        Assert.Equal(0, allocator.LiveBlocks);
        AssertTwoBuffersShareNothing();
    }

    [Fact]
    public void The_message_says_what_happened()
    {
        string message = Assert.Throws<ObjectDisposedException>(
            () =>
            {
                var buffer = NativeBuffer.Create<int>(1);
                buffer.Dispose();
                return buffer.AsSpan().Length;
            }).Message;
        Assert.Contains("NativeBuffer<Int32>", message);
        Assert.Contains("copy", message);
    }

    private delegate void Use(ref NativeBuffer<int> buffer);

    private static Outcome Try(ref NativeBuffer<int> buffer, Use use)
    {
        try
        {
            use(ref buffer);
            return Outcome.Worked;
        }
        catch (ObjectDisposedException)
        {
            return Outcome.Disposed;
        }
        catch (IndexOutOfRangeException)
        {
            return Outcome.OutOfRange;
        }
    }

    private static unsafe void AssertRefused(ref NativeBuffer<int> buffer)
    {
        Use[] members =
        [
            static (ref NativeBuffer<int> b) => _ = b.AsSpan(),
            static (ref NativeBuffer<int> b) => _ = b.AsSpan(0),
            static (ref NativeBuffer<int> b) => _ = b.AsSpan(0, 0),
            static (ref NativeBuffer<int> b) => _ = b.AsSpan(..),
            static (ref NativeBuffer<int> b) => _ = (Span<int>)b,
            static (ref NativeBuffer<int> b) => _ = (ReadOnlySpan<int>)b,
            static (ref NativeBuffer<int> b) => b.GetPinnableReference(),
            static (ref NativeBuffer<int> b) => { unsafe { _ = b.Pointer; } },
            static (ref NativeBuffer<int> b) => b.Clear(),
            static (ref NativeBuffer<int> b) => b.Fill(1),
            static (ref NativeBuffer<int> b) => b.CopyTo(new int[2_000_000]),
            static (ref NativeBuffer<int> b) => b.Overlaps([]),
            static (ref NativeBuffer<int> b) => b.Resize(5),
            static (ref NativeBuffer<int> b) => b.Move().Dispose(),
        ];
        for (int i = 0; i < members.Length; i++)
        {
            Assert.True(Try(ref buffer, members[i]) == Outcome.Disposed, $"Member {i} was not refused.");
        }
    }

    /// <summary>If anything had been freed twice, the next two buffers of a size would be one.</summary>
    private static void AssertTwoBuffersShareNothing()
    {
        foreach (int length in new[] { 10, 25, 100, 1000 })
        {
            using var first = NativeBuffer.Create<int>(length);
            using var second = NativeBuffer.Create<int>(length);
            using var third = NativeBuffer.Create<int>(length);
            Assert.False(first.Overlaps(second) || second.Overlaps(third) || first.Overlaps(third));
        }
    }

    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential, Size = 1 << 19)]
    private struct Block;
}
