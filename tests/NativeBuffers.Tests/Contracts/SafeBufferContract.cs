using System.Runtime.CompilerServices;

namespace NativeBuffers.Tests.Contracts;

/// <summary>Promises of every kind of handle. A kind joins with one line: derive, and name its factories and its allocator.</summary>
[CorrectProgram]
public abstract class SafeBufferContract<THandle>(
    Func<long, THandle> allocate,
    Func<long, THandle> allocateUninitialized,
    Func<NativeMemoryOwner<int>, THandle> fromOwner,
    NativeAllocator allocator)
    where THandle : SafeNativeBuffer, new()
{
    private static readonly long[] s_sizes = [0, 1, 7, 16, 63, 64, 65, 4095, 4096, 4097, 262_145, 1_048_577];

    [Fact]
    public void An_allocated_block_is_zero_though_its_memory_was_used_before()
    {
        foreach (long size in s_sizes)
        {
            using (THandle dirty = allocateUninitialized(size))
            {
                dirty.WriteSpan(0, Enumerable.Repeat((byte)0xA5, (int)size).ToArray().AsSpan());
            }

            using THandle handle = allocate(size);
            Assert.Equal((ulong)size, handle.ByteLength);
            Assert.False(handle.IsInvalid || handle.IsClosed);
            Assert.Equal(-1, BytesOf(handle).AsSpan().IndexOfAnyExcept((byte)0));
        }
    }

    [Fact]
    public void A_block_holds_the_bytes_written_to_it_and_no_byte_outside_changes()
    {
        foreach (long size in s_sizes)
        {
            using THandle handle = allocateUninitialized(size);
            byte[] bytes = new byte[size];
            Pattern.Write(bytes, seed: (int)size);
            handle.WriteSpan(0, bytes.AsSpan());
            Pattern.Verify(BytesOf(handle), seed: (int)size);

            Assert.Throws<ArgumentException>(() => handle.WriteSpan(1, bytes.AsSpan()));
            Assert.Throws<ArgumentException>(() => handle.Read<byte>((ulong)size));
            Assert.Throws<ArgumentException>(() => handle.Write<long>((ulong)Math.Max(0, size - 7), 1));
            Assert.Throws<ArgumentException>(() => handle.Read<byte>(ulong.MaxValue - 15));
            Pattern.Verify(BytesOf(handle), seed: (int)size);
        }
    }

    [Fact]
    public void Values_are_read_where_they_were_written()
    {
        using THandle handle = allocate(100);
        handle.Write(0, 1.5);
        handle.Write(8, (7, 'x'));
        handle.WriteSpan<short>(90, [1, 2, 3, 4, 5]);
        Assert.Equal(1.5, handle.Read<double>(0));
        Assert.Equal((7, 'x'), handle.Read<(int, char)>(8));
        short[] read = new short[5];
        handle.ReadSpan(90, read.AsSpan());
        Assert.Equal([1, 2, 3, 4, 5], read);
    }

    [Fact]
    public void A_stream_over_the_handle_reads_and_writes_the_block()
    {
        using THandle handle = allocate(300_000);
        byte[] written = new byte[300_000];
        Pattern.Write(written, seed: 5);
        using (var stream = new UnmanagedMemoryStream(handle, 0, 300_000, FileAccess.Write))
        {
            stream.Write(written);
        }

        Pattern.Verify(BytesOf(handle), seed: 5);

        Pattern.Write(written, seed: 6);
        handle.WriteSpan(0, written.AsSpan());
        using var reader = new UnmanagedMemoryStream(handle, 0, 300_000, FileAccess.Read);
        byte[] read = new byte[300_000];
        reader.ReadExactly(read);
        Pattern.Verify(read, seed: 6);
        Assert.Equal(-1, reader.ReadByte());

        reader.Position = 0;
        handle.Dispose();
        Assert.Throws<ObjectDisposedException>(() => reader.ReadByte());
    }

    [Fact]
    public void A_block_of_no_bytes_is_valid_and_has_nothing_to_read()
    {
        using THandle handle = allocate(0);
        Assert.False(handle.IsInvalid);
        Assert.Equal(0u, handle.ByteLength);
        Assert.Throws<ArgumentException>(() => handle.Read<byte>(0));
        using var stream = new UnmanagedMemoryStream(handle, 0, 0);
        Assert.Equal(-1, stream.ReadByte());
    }

    [Fact]
    public void A_size_that_cannot_be_had_is_an_exception_and_no_handle()
    {
        foreach (Func<long, THandle> factory in new[] { allocate, allocateUninitialized })
        {
            Assert.Equal("byteCount", Assert.Throws<ArgumentOutOfRangeException>(() => factory(-1)).ParamName);
            Assert.Throws<ArgumentOutOfRangeException>(() => factory(long.MinValue));
            Assert.Throws<OutOfMemoryException>(() => factory(long.MaxValue));
            Assert.Throws<OutOfMemoryException>(() => factory(long.MaxValue - 8192));
        }
    }

    [Fact]
    public void A_block_may_be_larger_than_an_int_counts()
    {
        const long Size = 3L << 30;
        using THandle handle = allocateUninitialized(Size);
        handle.Write(0, 1);
        handle.Write(Size - 4, 2);
        Assert.Equal((1, 2), (handle.Read<int>(0), handle.Read<int>(Size - 4)));
        Assert.Throws<ArgumentException>(() => handle.Read<int>(Size - 3));
    }

    [Fact]
    public void A_disposed_handle_reads_and_writes_nothing_and_may_be_disposed_again()
    {
        THandle handle = allocate(100);
        handle.Dispose();
        handle.Dispose();
        handle.Close();
        Assert.True(handle.IsClosed);
        Assert.Throws<ObjectDisposedException>(() => handle.Read<byte>(0));
        Assert.Throws<ObjectDisposedException>(() => handle.Write(0, 1));
        Assert.Throws<ObjectDisposedException>(() => handle.ToOwner<byte>());
        Assert.Throws<ObjectDisposedException>(() => handle.Initialize(100));
    }

    [Fact]
    public void Two_threads_may_dispose_one_handle()
    {
        THandle[] handles = [.. Enumerable.Range(0, 2000).Select(i => allocate(i))];
        Race.RunRounds(handles.Length, i => handles[i].Dispose(), i => handles[i].Dispose());
        Assert.All(handles, static handle => Assert.True(handle.IsClosed));
    }

    [Fact]
    public void Disposed_and_abandoned_blocks_leave_the_address_space()
    {
        // Never touched, so that they cost addresses only; much more of them than all other tests use at a time.
        const long Size = 4L << 30;
        long before = AddressSpace.ByteCount;
        for (int i = 0; i < 64; i++)
        {
            allocateUninitialized(Size).Dispose();
        }

        // Eight at a time: the other kinds of handles may do the same at this moment.
        for (int i = 0; i < 9; i++)
        {
            Abandon(8);
            Collector.Collect();
        }

        Assert.InRange(AddressSpace.ByteCount - before, long.MinValue, 64 * Size);

        [MethodImpl(MethodImplOptions.NoInlining)]
        void Abandon(int count)
        {
            for (int i = 0; i < count; i++)
            {
                _ = allocateUninitialized(Size);
            }
        }
    }

    [Fact]
    public void A_handle_without_a_block_is_invalid_and_frees_nothing()
    {
        var handle = new THandle();
        Assert.True(handle.IsInvalid);
        Assert.Throws<InvalidOperationException>(() => handle.ByteLength);
        Assert.Throws<InvalidOperationException>(() => handle.Read<byte>(0));
        Assert.Throws<ObjectDisposedException>(() => handle.Initialize(100));
        Assert.Throws<ObjectDisposedException>(() => handle.Initialize(10, 10));
        Assert.Throws<ObjectDisposedException>(() => handle.Initialize<int>(10));
        Assert.Throws<ObjectDisposedException>(() => handle.ToOwner<byte>());
        handle.Dispose();
        handle.Dispose();

        Abandon();
        Collector.Collect();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Abandon() => _ = new THandle();
    }

    [Fact]
    public void The_size_of_a_block_that_is_known_does_not_change()
    {
        using THandle handle = allocate(100);
        Assert.Throws<InvalidOperationException>(() => handle.Initialize(1_000_000));
        Assert.Throws<InvalidOperationException>(() => handle.Initialize(10, 10));
        Assert.Throws<InvalidOperationException>(() => handle.Initialize<int>(25));
        Assert.Equal(100u, handle.ByteLength);
    }

    [Fact]
    public void An_owner_gets_the_block_without_a_copy_and_resizes_it()
    {
        foreach (int length in new[] { 0, 1, 16, 1000, 262_145 })
        {
            THandle handle = allocateUninitialized(4L * length);
            int[] written = [.. Enumerable.Range(1, length)];
            handle.WriteSpan(0, written.AsSpan());
            nint address = handle.DangerousGetHandle();

            using NativeMemoryOwner<int> owner = handle.ToOwner<int>();

            Assert.True(handle.IsClosed);
            Assert.Equal(length, owner.Length);
            Assert.Same(allocator, owner.Allocator);
            Assert.Equal(written, owner.Memory.ToArray());
            Assert.Equal(length == 0 ? 0 : address, AddressOf(owner));
            Assert.Throws<ObjectDisposedException>(() => handle.ReadSpan(0, Span<byte>.Empty));
            Assert.Throws<ObjectDisposedException>(() => handle.ToOwner<int>());

            owner.Resize(length * 3);
            Assert.Equal(written, owner.Memory[..length].ToArray());
            Assert.Equal(-1, owner.Memory.Span[length..].IndexOfAnyExcept(0));
            handle.Dispose();
            Assert.Equal(written, owner.Memory[..length].ToArray());
        }
    }

    [Fact]
    public void A_handle_gets_the_block_of_an_owner_without_a_copy_and_there_and_back_again()
    {
        Needs.BareBlocks();
        NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.CreateFrom([1, 2, 3], allocator);
        nint address = AddressOf(owner);
        for (int i = 0; i < 10; i++)
        {
            THandle handle = fromOwner(owner);
            Assert.Equal(address, handle.DangerousGetHandle());
            Assert.Equal(12u, handle.ByteLength);
            Assert.Equal(2, handle.Read<int>(4));
            Assert.Throws<ObjectDisposedException>(() => owner.Memory.Span[0]);
            Assert.Throws<ObjectDisposedException>(() => fromOwner(owner));
            owner.Dispose();

            owner = handle.ToOwner<int>();
            Assert.Equal([1, 2, 3], owner.Memory.ToArray());
        }

        fromOwner(owner).Dispose();
        owner.Dispose();
    }

    [Fact]
    public void An_owner_whose_block_another_function_frees_is_refused_and_both_are_named()
    {
        foreach (NativeAllocator other in new[] { NativeAllocator.Default, NativeAllocator.PinnedHeap })
        {
            using NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.CreateFrom([1, 2, 3], other);
            ArgumentException refused = Assert.Throws<ArgumentException>(() => fromOwner(owner));
            Assert.Equal("owner", refused.ParamName);
            Assert.Contains(typeof(THandle).Name, refused.Message);
            Assert.Contains(other.Name, refused.Message);
            Assert.Equal([1, 2, 3], owner.Memory.ToArray());
        }

        Assert.Throws<ArgumentNullException>(() => fromOwner(null!));
    }

    [Fact]
    public void An_owner_in_use_keeps_its_block()
    {
        using NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.CreateFrom([1, 2, 3], allocator);
        using (owner.Memory.Pin())
        {
            Assert.Throws<InvalidOperationException>(() => fromOwner(owner));
        }

        Assert.Equal([1, 2, 3], owner.Memory.ToArray());
        using THandle handle = fromOwner(owner);
        Assert.Equal(3, handle.Read<int>(8));
    }

    private static byte[] BytesOf(THandle handle)
    {
        byte[] bytes = new byte[handle.ByteLength];
        handle.ReadSpan(0, bytes.AsSpan());
        return bytes;
    }

    private static unsafe nint AddressOf(NativeMemoryOwner<int> owner)
    {
        fixed (int* start = owner.Memory.Span)
        {
            return (nint)start;
        }
    }
}
