using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Contracts;

/// <summary>
/// Promises of every pool. A pool joins with one line: derive, and name it. Here: threads, pins, borrows, and
/// the platform's own shapes.
/// </summary>
[CorrectProgram]
public abstract class PoolContract<T>(NativeMemoryPool<T> pool) : PooledBufferContract<T>(pool)
    where T : unmanaged
{
    [Fact]
    public void Given_back_on_another_thread_it_is_rented_again_on_the_first()
    {
        Needs.Caches();
        HashSet<nint> blocks = [];
        for (int i = 0; i < 500; i++)
        {
            PooledBuffer<T> buffer = Pool.RentBuffer(1000);
            blocks.Add(AddressOf(buffer));
            Pattern.Write(Bytes(buffer), seed: i);
            if (i % 10 == 0)
            {
                OtherThread.Run(() => { Pattern.Verify(Bytes(buffer), seed: i); buffer.Dispose(); });
            }
            else
            {
                ThreadPool.UnsafeQueueUserWorkItem(static buffer => buffer.Dispose(), buffer, preferLocal: false);
            }
        }

        Assert.True(blocks.Count < 500, "No block was rented twice.");
        AssertBuffersShareNothing(1000);
    }

    [Fact]
    public async Task It_lives_in_fields_and_across_awaits()
    {
        using var holder = new Holder(Pool.RentBuffer(1000));
        Pattern.Write(Bytes(holder.Buffer), seed: 1);
        for (int i = 0; i < 20; i++)
        {
            await Task.Yield();
            Pattern.Verify(Bytes(holder.Buffer), seed: 1);
        }
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0003", Justification = "The test is about a second disposal.")]
    [SuppressMessage("Ownership", "NB0004", Justification = "The second pin still keeps the bytes.")]
    public unsafe void A_pin_of_its_memory_keeps_the_bytes_from_other_renters_until_it_ends()
    {
        foreach (int length in new[] { 10, 100_000 })
        {
            PooledBuffer<T> buffer = Pool.RentBuffer(length);
            Memory<T> memory = buffer.Memory;
            MemoryHandle first = memory.Pin();
            MemoryHandle second = buffer.Memory[1..].Pin();
            void* block = first.Pointer;
            Pattern.Write(Bytes(buffer), seed: 1);
            buffer.Dispose();
            AssertDisposed(buffer);
            Assert.Throws<ObjectDisposedException>(() => memory.Span.Length);
            AssertBuffersShareNothing(length);
            Pattern.Verify(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(block, length)), seed: 1);
            first.Dispose();
            first.Dispose();
            AssertBuffersShareNothing(length);
            Pattern.Verify(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(block, length)), seed: 1);
            OtherThread.Run(second.Dispose);
            AssertBuffersShareNothing(length);
            AssertDisposed(buffer);
        }
    }

    [Fact]
    public void A_borrow_keeps_the_bytes_from_other_renters_until_it_ends()
    {
        PooledBuffer<T> buffer = Pool.RentBuffer(100);
        Borrow<T> borrow = buffer.Borrow();
        Pattern.Write(MemoryMarshal.AsBytes(borrow.Span), seed: 1);
        Pattern.Verify(Bytes(buffer), seed: 1);
        OtherThread.Run(buffer.Dispose);
        AssertDisposed(buffer);
        AssertBuffersShareNothing(100);
        Pattern.Verify(MemoryMarshal.AsBytes(borrow.Span), seed: 1);
        borrow.Dispose();
        AssertBuffersShareNothing(100);
        AssertDisposed(buffer);
    }

    [Fact]
    public void Its_memory_is_taken_first_on_another_thread_and_it_is_used_on_both()
    {
        for (int round = 0; round < 20; round++)
        {
            PooledBuffer<T> buffer = Pool.RentBuffer(100);
            Pattern.Write(Bytes(buffer), seed: round);
            OtherThread.Run(
                () =>
                {
                    Memory<T> memory = buffer.Memory;
                    Pattern.Verify(MemoryMarshal.AsBytes(memory.Span), seed: round);
                    using MemoryHandle handle = memory.Pin();
                    using Borrow<T> borrow = buffer.Borrow();
                    Assert.Equal(100, borrow.Length);
                    if (round % 2 == 0)
                    {
                        buffer.Dispose();
                    }
                });
            Assert.Equal(round % 2 == 0, buffer.IsDisposed);
            buffer.Dispose();
            AssertDisposed(buffer);
            AssertBuffersShareNothing(100);
        }
    }

    [Fact]
    public void While_another_thread_takes_its_memory_it_never_looks_disposed()
    {
        const int Count = 300;
        PooledBuffer<T>[] buffers = [.. Enumerable.Range(0, Count).Select(_ => Pool.RentBuffer(10))];
        using var turn = new Barrier(2);
        OtherThread.Together(
            () =>
            {
                foreach (PooledBuffer<T> buffer in buffers)
                {
                    turn.SignalAndWait();
                    _ = buffer.Memory;
                }
            },
            () =>
            {
                int refused = 0;
                foreach (PooledBuffer<T> buffer in buffers)
                {
                    turn.SignalAndWait();
                    for (int i = 0; i < 1000; i++)
                    {
                        try
                        {
                            _ = buffer.AsSpan();
                        }
                        catch (ObjectDisposedException)
                        {
                            refused++;
                        }
                    }
                }

                Assert.Equal(0, refused);
            });
        Array.ForEach(buffers, static buffer => buffer.Dispose());
    }

    [Fact]
    public void Rent_gives_the_lengths_of_the_platforms_pools()
    {
        MemoryPool<T> platform = Pool;
        Assert.Equal(int.MaxValue, platform.MaxBufferSize);
        foreach (int length in new[] { -1, 0, 1, 1000, 100_000 })
        {
            IMemoryOwner<T> owner = length == -1 ? platform.Rent() : platform.Rent(length);
            Memory<T> memory = owner.Memory;
            Assert.Equal(length == -1 ? int.Max(1, 4096 / Unsafe.SizeOf<T>()) : length, memory.Length);
            Pattern.Write(MemoryMarshal.AsBytes(memory.Span), seed: 1);
            using (MemoryHandle handle = memory.Pin())
            {
                owner.Dispose();
                Assert.Throws<ObjectDisposedException>(() => owner.Memory);
                AssertBuffersShareNothing(int.Max(length, 10));
                unsafe
                {
                    Pattern.Verify(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(handle.Pointer, memory.Length)), seed: 1);
                }
            }

            owner.Dispose();
            Assert.Throws<ObjectDisposedException>(() => memory.Span.Length);
        }
    }

    [Fact]
    public void Trim_does_not_harm_rented_buffers()
    {
        PooledBuffer<T> buffer = Pool.RentBuffer(1000);
        Pattern.Write(Bytes(buffer), seed: 1);
        Pool.RentBuffer(1000).Dispose();
        Pool.Trim();
        Pattern.Verify(Bytes(buffer), seed: 1);
        buffer.Dispose();
        Pool.Trim();
        AssertDisposed(buffer);
    }

    private sealed class Holder(PooledBuffer<T> buffer) : IDisposable
    {
        public PooledBuffer<T> Buffer { get; } = buffer;

        public void Dispose() => Buffer.Dispose();
    }
}
