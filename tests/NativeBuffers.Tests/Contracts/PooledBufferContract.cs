using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Contracts;

/// <summary>Promises of every pooled buffer for its elements, before and after it is disposed, also through copies.</summary>
[CorrectProgram]
public abstract class PooledBufferContract<T>(NativeMemoryPool<T> pool)
    where T : unmanaged
{
    private static readonly (string Name, Action<PooledBuffer<T>> Use)[] s_members =
    [
        ("AsSpan", static buffer => _ = buffer.AsSpan()),
        ("AsSpan(0)", static buffer => _ = buffer.AsSpan(0)),
        ("AsSpan(0, 0)", static buffer => _ = buffer.AsSpan(0, 0)),
        ("Memory", static buffer => _ = buffer.Memory),
        ("IMemoryOwner.Memory", static buffer => _ = ((IMemoryOwner<T>)buffer).Memory),
        ("Borrow", static buffer => buffer.Borrow().Dispose()),
        ("Resize", static buffer => buffer.Resize(1).Dispose()),
        ("Indexer", static buffer => _ = buffer[0]),
        ("Slice", static buffer => _ = buffer[..]),
        ("Span<T>", static buffer => _ = ((Span<T>)buffer).Length),
        ("ReadOnlySpan<T>", static buffer => _ = ((ReadOnlySpan<T>)buffer).Length),
        ("Clear", static buffer => buffer.Clear()),
        ("Fill", static buffer => buffer.Fill(default)),
        ("CopyTo", static buffer => buffer.CopyTo(new T[1 << 20])),
        ("ToArray", static buffer => _ = buffer.ToArray()),
    ];

    /// <summary>Around the boundaries of size classes, and on both sides of the largest one.</summary>
    private static readonly int[] s_lengths =
        [0, 1, 2, 16, 17, 64, 65, 1000, 4096, 10_922, 10_923, 65_536, 65_537, 262_144, 262_145, 1 << 20];

    [Fact]
    public void A_rented_buffer_has_exactly_the_requested_length_and_holds_the_elements_written_to_it()
    {
        foreach ((int length, int round) in s_lengths.SelectMany(static length => Enumerable.Range(0, 3).Select(round => (length, round))))
        {
            using PooledBuffer<T> buffer = pool.RentBuffer(length);
            using PooledBuffer<T> other = pool.RentBuffer(length);
            Assert.Equal(length, buffer.Length);
            Assert.Equal(length, buffer.AsSpan().Length);
            Assert.Equal(length, buffer.Memory.Length);
            Assert.False(buffer.IsDisposed);
            Pattern.Write(Bytes(buffer), seed: round);
            Pattern.Write(Bytes(other), seed: 9);
            Pattern.Verify(Bytes(buffer), seed: round);
            Assert.True(buffer.Memory.Span == buffer.AsSpan());
            Assert.Equal(length / 2, buffer.AsSpan(length - (length / 2)).Length);
            Assert.Equal(0, buffer.AsSpan(length, 0).Length);
        }
    }

    [Fact]
    public void Its_members_do_as_spans_do()
    {
        foreach (int length in s_lengths)
        {
            using PooledBuffer<T> buffer = pool.RentBuffer(length);
            Pattern.Write(Bytes(buffer), seed: 3);
            T[] copy = new T[length];
            buffer.CopyTo(copy);
            Assert.True(buffer.AsSpan().SequenceEqual(copy) && buffer.ToArray().AsSpan().SequenceEqual(copy));
            Assert.True((Span<T>)buffer == buffer.AsSpan() && (ReadOnlySpan<T>)buffer == buffer.AsSpan());
            Assert.True(buffer[(length / 2)..] == buffer.AsSpan(length / 2));
            buffer.Clear();
            Assert.Equal(-1, Bytes(buffer).IndexOfAnyExcept((byte)0));
            foreach (int outside in (int[])[-1, length, int.MaxValue, int.MinValue])
            {
                Assert.Throws<IndexOutOfRangeException>(() => buffer[outside]);
            }

            if (length > 0)
            {
                buffer.Fill(copy[0]);
                Assert.Equal(-1, buffer.AsSpan().IndexOfAnyExcept(copy[0]));
                buffer[^1] = default;
                buffer[0] = copy[^1];
                Assert.Equal(length == 1 ? copy[0] : default, buffer.AsSpan()[^1]);
                Assert.Equal(copy[^1], buffer.AsSpan()[0]);
                Assert.Throws<ArgumentException>(() => buffer.CopyTo(new T[length - 1]));
            }
        }
    }

    [Fact]
    public void Resizing_keeps_the_elements_and_adds_zeroes()
    {
        foreach ((int from, int to) in s_lengths.SelectMany(static from => s_lengths.Select(to => (from, to))))
        {
            PooledBuffer<T> buffer = pool.RentBuffer(from);
            Pattern.Write(Bytes(buffer), seed: 5);
            buffer = buffer.Resize(to);
            try
            {
                Assert.Equal(to, buffer.Length);
                int kept = int.Min(from, to) * Unsafe.SizeOf<T>();
                Pattern.Verify(Bytes(buffer)[..kept], seed: 5);
                Assert.Equal(-1, Bytes(buffer)[kept..].IndexOfAnyExcept((byte)0));
                Pattern.Write(Bytes(buffer), seed: 6);
                Pattern.Verify(Bytes(buffer), seed: 6);
            }
            finally
            {
                buffer.Dispose();
            }
        }
    }

    [Fact]
    public void Resizing_gives_the_rental_a_new_name_and_the_old_ones_are_over()
    {
        PooledBuffer<T> first = pool.RentBuffer(10);
        PooledBuffer<T> copy = first;
        PooledBuffer<T> second = first.Resize(20);
        Assert.True(first.IsDisposed);
        Assert.True(copy.IsDisposed);
        Assert.Throws<ObjectDisposedException>(() => copy.AsSpan().Length);
        Assert.Throws<ObjectDisposedException>(() => copy.Resize(30));
        first.Dispose();
        copy.Dispose();
        Assert.Equal(20, second.AsSpan().Length);
        second.Dispose();
        Assert.True(second.IsDisposed);
        Assert.Throws<ObjectDisposedException>(() => second.Resize(30));
    }

    [Fact]
    public void A_borrowed_or_pinned_buffer_is_not_resized_and_is_unchanged()
    {
        using PooledBuffer<T> buffer = pool.RentBuffer(10);
        using (buffer.Borrow())
        {
            Assert.Throws<InvalidOperationException>(() => buffer.Resize(20));
        }

        using (buffer.Memory.Pin())
        {
            Assert.Throws<InvalidOperationException>(() => buffer.Resize(20));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Resize(-1));
        Assert.Equal(10, buffer.Length);
    }

    [Fact]
    public void A_buffer_is_resized_on_another_thread_and_again_at_home()
    {
        PooledBuffer<T> buffer = pool.RentBuffer(100);
        Pattern.Write(Bytes(buffer), seed: 3);
        OtherThread.Run(() => buffer = buffer.Resize(400_000));
        Pattern.Verify(Bytes(buffer)[..(100 * Unsafe.SizeOf<T>())], seed: 3);
        buffer = buffer.Resize(50);
        Pattern.Verify(Bytes(buffer), seed: 3);
        OtherThread.Run(buffer.Dispose);
        Assert.True(buffer.IsDisposed);
    }

    [Fact]
    public void A_length_or_a_range_that_cannot_be_one_is_refused()
    {
        foreach (int length in new[] { -1, int.MinValue })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => pool.RentBuffer(length));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(-2));
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(int.MinValue));
        using PooledBuffer<T> buffer = pool.RentBuffer(10);
        foreach ((int start, int length) in new[] { (-1, 0), (0, -1), (11, 0), (10, 1), (0, 11), (int.MaxValue, int.MaxValue), (int.MinValue, 1) })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => buffer.AsSpan(start, length).Length);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.AsSpan(11).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.AsSpan(-1).Length);
    }

    [Fact]
    public void The_default_value_is_a_harmless_empty_buffer()
    {
        PooledBuffer<T> buffer = default;
        Assert.Equal(0, buffer.Length);
        Assert.False(buffer.IsDisposed);
        Assert.True(buffer.AsSpan().IsEmpty);
        Assert.True(buffer.AsSpan(0, 0).IsEmpty);
        Assert.True(buffer.Memory.IsEmpty);
        Assert.True(buffer.Memory.Span.IsEmpty);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.AsSpan(0, 1).Length);
        buffer.Dispose();
        buffer.Dispose();
        Assert.False(buffer.IsDisposed);
        AssertBuffersShareNothing(10);
    }

    [Fact]
    public void A_borrow_of_the_default_value_is_empty()
    {
        using Borrow<T> borrow = default(PooledBuffer<T>).Borrow();
        Assert.Equal(0, borrow.Length);
        Assert.True(borrow.Span.IsEmpty);
        Assert.True(borrow.AsSpan(0, 0).IsEmpty);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    [SuppressMessage("Ownership", "NB0006", Justification = "Stale copies and second disposals are the subject.")]
    public void A_stale_copy_is_refused_and_never_reaches_the_next_renters_bytes(int length)
    {
        PooledBuffer<T> buffer = pool.RentBuffer(length);
        PooledBuffer<T> stale = buffer;
        Memory<T> staleMemory = stale.Memory;
        nint block = AddressOf(buffer);
        buffer.Dispose();
        AssertDisposed(buffer);
        AssertDisposed(stale);

        // Until the block comes back; a pool that keeps nothing may get another from its allocator.
        List<PooledBuffer<T>> next = [];
        do
        {
            next.Add(pool.RentBuffer(length));
            Pattern.Write(Bytes(next[^1]), seed: next.Count);
        }
        while (AddressOf(next[^1]) != block && next.Count < 20);

        stale.Dispose();
        buffer.Dispose();
        AssertDisposed(stale);
        Assert.Throws<ObjectDisposedException>(() => staleMemory.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => staleMemory.Pin());
        OtherThread.Run(
            () =>
            {
                stale.Dispose();
                AssertDisposed(stale);
            });
        AssertBuffersShareNothing(length);
        for (int i = 0; i < next.Count; i++)
        {
            Assert.False(next[i].IsDisposed);
            Pattern.Verify(Bytes(next[i]), seed: i + 1);
            next[i].Dispose();
        }
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    [SuppressMessage("Ownership", "NB0006", Justification = "Stale copies and second disposals are the subject.")]
    public void Disposed_twice_on_whichever_threads_it_is_given_back_once(int length)
    {
        for (int way = 0; way < 8; way++)
        {
            PooledBuffer<T> buffer = pool.RentBuffer(length);
            PooledBuffer<T> copy = buffer;
            Dispose(buffer, (way & 1) != 0);
            if ((way & 4) != 0)
            {
                pool.Trim();
            }

            AssertDisposed(copy);
            Dispose(copy, (way & 2) != 0);
            Dispose(buffer, (way & 1) != 0);
            AssertBuffersShareNothing(length);
        }

        static void Dispose(PooledBuffer<T> buffer, bool elsewhere)
        {
            if (elsewhere)
            {
                OtherThread.Run(buffer.Dispose);
            }
            else
            {
                buffer.Dispose();
            }
        }
    }

    [Fact]
    public void Disposed_by_two_threads_at_once_it_is_given_back_once()
    {
        PooledBuffer<T>[] buffers = new PooledBuffer<T>[300];
        for (int round = 0; round < 5; round++)
        {
            using var rented = new Barrier(2);
            OtherThread.Together(
                () =>
                {
                    for (int i = 0; i < buffers.Length; i++)
                    {
                        buffers[i] = pool.RentBuffer(10);
                    }

                    rented.SignalAndWait();
                    Array.ForEach(buffers, static buffer => buffer.Dispose());
                    AssertBuffersShareNothing(10, count: 2 * buffers.Length);
                },
                () =>
                {
                    rented.SignalAndWait();
                    Array.ForEach(buffers, static buffer => buffer.Dispose());
                    AssertBuffersShareNothing(10, count: 2 * buffers.Length);
                });
            AssertBuffersShareNothing(10, count: 2 * buffers.Length);
        }
    }

    protected NativeMemoryPool<T> Pool => pool;

    protected static Span<byte> Bytes(PooledBuffer<T> buffer) => MemoryMarshal.AsBytes(buffer.AsSpan());

    protected static unsafe nint AddressOf(PooledBuffer<T> buffer) => (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(buffer.AsSpan()));

    protected static void AssertDisposed(PooledBuffer<T> buffer)
    {
        Assert.True(buffer.IsDisposed);
        Assert.Equal(0, buffer.Length);
        foreach ((string name, Action<PooledBuffer<T>> use) in s_members)
        {
            Exception? thrown = Record.Exception(() => use(buffer));
            Assert.True(thrown is ObjectDisposedException, $"{name} of a disposed buffer: {thrown}");
        }
    }

    /// <summary>If anything had been given back twice, two of the next buffers would be one.</summary>
    protected void AssertBuffersShareNothing(int length, int count = 8)
    {
        PooledBuffer<T>[] buffers = new PooledBuffer<T>[count];
        for (int i = 0; i < count; i++)
        {
            buffers[i] = pool.RentBuffer(length);
            Bytes(buffers[i])[^1] = (byte)i;
            Pattern.Write(Bytes(buffers[i])[..8], seed: i);
        }

        Assert.Equal(count, buffers.Select(AddressOf).Distinct().Count());
        for (int i = 0; i < count; i++)
        {
            Pattern.Verify(Bytes(buffers[i])[..8], seed: i);
            Assert.Equal((byte)i, Bytes(buffers[i])[^1]);
            buffers[i].Dispose();
        }
    }
}
