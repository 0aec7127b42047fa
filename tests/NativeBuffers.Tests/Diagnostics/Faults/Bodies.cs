namespace NativeBuffers.Tests.Diagnostics.Faults;

/// <summary>Uses of memory, as bodies for tests that let allocations fail: each owner is created, grown, converted and disposed.</summary>
/// <remarks>They assert that an owner that could not grow is unchanged, and let the exception out.</remarks>
internal static class Bodies
{
    /// <summary>By name; each takes its allocator, or null for the default.</summary>
    public static IReadOnlyDictionary<string, Action<NativeAllocator?>> All { get; } = new Dictionary<string, Action<NativeAllocator?>>
    {
        ["buffer"] = Buffer,
        ["buffer that tries"] = TryBuffer,
        ["buffer to owner"] = BufferToOwner,
        ["empty buffer"] = EmptyBuffer,
        ["owner"] = Owner,
        ["owner moved, released and adopted"] = OwnerHandedOn,
        ["owner in use"] = OwnerInUse,
        ["list"] = List,
        ["list converted"] = ListConverted,
        ["scratch list"] = Scratch,
        ["pool"] = Pool,
        ["shared pool"] = SharedPool,
        ["arena"] = Arena,
        ["arena owner"] = ArenaOwner,
        ["bare block"] = BareBlock,
    };

    private static void Buffer(NativeAllocator? allocator)
    {
        using NativeBuffer<int> copy = NativeBuffer.CreateFrom<int>([1, 2, 3], allocator);
        using NativeBuffer<int> raw = NativeBuffer.CreateUninitialized<int>(70, allocator);
        var buffer = NativeBuffer.Create<int>(100, allocator);
        try
        {
            buffer.Fill(7);
            foreach (int length in new[] { 300, 100_000, 200, 0, 50 })
            {
                int before = buffer.Length;
                try
                {
                    buffer.Resize(length);
                }
                catch (OutOfMemoryException)
                {
                    Assert.Equal((before, false), (buffer.Length, buffer.IsDisposed));
                    Assert.Equal(-1, buffer.AsSpan(0, int.Min(before, 50)).IndexOfAnyExcept(7, 0));
                    throw;
                }
            }
        }
        finally
        {
            buffer.Dispose();
        }

        Assert.Equal([1, 2, 3], copy.AsSpan());
    }

    private static void TryBuffer(NativeAllocator? allocator)
    {
        foreach (int length in new[] { 10, 100_000 })
        {
            NativeBuffer<int> buffer;
            bool isMade;
            try
            {
                isMade = NativeBuffer.TryCreate(length, out buffer, allocator);
            }
            catch (OutOfMemoryException exception)
            {
                throw new InvalidOperationException("Whoever tries is told by false.", exception);
            }

            if (isMade)
            {
                Assert.Equal(-1, buffer.AsSpan().IndexOfAnyExcept(0));
                buffer.Dispose();
            }
            else
            {
                Assert.Equal((0, true, false), (buffer.Length, buffer.IsEmpty, buffer.IsDisposed));
            }
        }
    }

    private static void BufferToOwner(NativeAllocator? allocator)
    {
        NativeBuffer<int> buffer = NativeBuffer.CreateFrom<int>([1, 2, 3], allocator);
        try
        {
            using NativeMemoryOwner<int> owner = buffer.ToOwner();
            owner.Resize(1000);
            Assert.Equal([1, 2, 3, 0], owner.GetSpan()[..4]);
        }
        catch (OutOfMemoryException)
        {
            if (!buffer.IsEmpty)
            {
                Assert.Equal([1, 2, 3], buffer.AsSpan());
            }

            throw;
        }
        finally
        {
            buffer.Dispose();
        }
    }

    private static void EmptyBuffer(NativeAllocator? allocator)
    {
        _ = allocator;
        NativeBuffer<int> buffer = default;
        try
        {
            buffer.Resize(10);
            buffer.Dispose();
            buffer = default;
            buffer.ToOwner().Dispose();
        }
        finally
        {
            buffer.Dispose();
        }
    }

    private static void Owner(NativeAllocator? allocator)
    {
        using NativeMemoryOwner<int> copy = NativeMemoryOwner<int>.CreateFrom([1, 2, 3], allocator);
        using NativeMemoryOwner<int> raw = NativeMemoryOwner<int>.CreateUninitialized(70, allocator);
        using NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.Create(100, allocator);
        owner.GetSpan().Fill(7);
        foreach (int length in new[] { 300, 100_000, 200, 0, 50 })
        {
            long before = owner.Length;
            try
            {
                owner.Resize(length);
            }
            catch (OutOfMemoryException)
            {
                Assert.Equal((before, false), (owner.Length, owner.IsDisposed));
                using Borrow<int> borrow = owner.Borrow();
                Assert.Equal(-1, borrow.Span.IndexOfAnyExcept(7, 0));
                throw;
            }
        }
    }

    private static unsafe void OwnerHandedOn(NativeAllocator? allocator)
    {
        NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.CreateFrom([1, 2, 3], allocator ?? NativeAllocator.Malloc);
        int* block = null;
        try
        {
            using NativeMemoryOwner<int> moved = owner.Move();
            block = moved.Release();
            using (NativeMemoryOwner<int> adopted = NativeMemoryOwner<int>.Adopt(block, 3, allocator ?? NativeAllocator.Malloc))
            {
                block = null;
                adopted.Resize(500);
                Assert.Equal([1, 2, 3, 0], adopted.GetSpan()[..4]);
            }
        }
        finally
        {
            owner.Dispose();
            if (block != null)
            {
                Assert.Equal([1, 2, 3], new ReadOnlySpan<int>(block, 3));
                (allocator ?? NativeAllocator.Malloc).Free(block, 3 * sizeof(int), NativeAllocatorAlignment(allocator));
            }
        }
    }

    /// <summary>The requests of owners to this allocator.</summary>
    private static nuint NativeAllocatorAlignment(NativeAllocator? allocator) => (allocator ?? NativeAllocator.Malloc).BlockAlignment;

    private static void OwnerInUse(NativeAllocator? allocator)
    {
        using NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.Create(100, allocator);
        BorrowDeeply(owner, 80);
        using (owner.Retain(10, 5))
        using (owner.Memory.Pin())
        {
            Assert.Throws<InvalidOperationException>(() => owner.Resize(5));
        }

        owner.Resize(101);
    }

    /// <summary>More borrows at once than a thread has records for.</summary>
    private static void BorrowDeeply(NativeMemoryOwner<int> owner, int depth)
    {
        using Borrow<int> borrow = owner.Borrow();
        Assert.Equal(100, borrow.Length);
        if (depth > 0)
        {
            BorrowDeeply(owner, depth - 1);
        }
    }

    private static void List(NativeAllocator? allocator)
    {
        using var list = new NativeList<int>(4, allocator);
        Grow(list, static list => list.Add(1));
        Grow(list, static list => list.AddRange([2, 3, 4, 5]));
        Grow(list, static list => list.InsertRange(1, new int[100]));
        Grow(list, static list => list.Insert(0, 9));
        Grow(list, static list => list.AddRange(list.AsSpan()));
        Grow(list, static list => list.AddRange((IEnumerable<int>)list));
        Grow(list, static list => list.AddRange(Enumerable.Range(0, 500)));
        Grow(list, static list => list.Resize(5000));
        Grow(list, static list => list.EnsureCapacity(6000));
        Grow(list, static list => _ = list.GetSpan(7000).Length);
        Grow(list, static list => _ = list.GetMemory(20_000).Length);
        list.RemoveRange(10, list.Count - 10);
        Grow(list, static list => list.TrimExcess());
    }

    private static void Grow(NativeList<int> list, Action<NativeList<int>> grow)
    {
        int[] before = [.. list];
        long capacity = list.Capacity;
        try
        {
            grow(list);
        }
        catch (OutOfMemoryException)
        {
            // Elements that came one by one may have come in part.
            Assert.Equal(before, list.Take(before.Length));
            Assert.True(list.Capacity >= capacity);
            throw;
        }
    }

    private static void ListConverted(NativeAllocator? allocator)
    {
        using var list = new NativeList<int>(100, allocator);
        list.AddRange([1, 2, 3]);
        try
        {
            using NativeMemoryOwner<int> owner = list.ToOwner();
            Assert.Equal([1, 2, 3], owner.GetSpan());
        }
        catch (OutOfMemoryException)
        {
            // Not [1, 2, 3] beside a list: that would be a second list, which is never disposed.
            Assert.Equal([1, 2, 3], list.AsSpan());
            throw;
        }
    }

    private static void Scratch(NativeAllocator? allocator)
    {
        _ = allocator;
        Span<int> initial = stackalloc int[4];
        var list = new ScratchList<int>(initial);
        int count = 0;
        int added = 0;
        try
        {
            for (; count < 1000; count++)
            {
                list.Add(count);
            }

            list.AddRange(new int[5000]);
            added = 5000;
            list.EnsureCapacity(50_000);
        }
        catch (OutOfMemoryException)
        {
            Assert.Equal([.. Enumerable.Range(0, count), .. new int[added]], list.AsSpan());
            throw;
        }
        finally
        {
            list.Dispose();
        }
    }

    private static void Pool(NativeAllocator? allocator)
    {
        using var pool = new NativeMemoryPool<int>(new NativePoolOptions { Allocator = allocator });
        Rent(pool);
    }

    private static void SharedPool(NativeAllocator? allocator)
    {
        _ = allocator;
        Rent(NativeMemoryPool<int>.Shared);
    }

    private static void Rent(NativeMemoryPool<int> pool)
    {
        using System.Buffers.IMemoryOwner<int> large = pool.Rent(100_000);
        PooledBuffer<int> buffer = pool.RentBuffer(100);
        try
        {
            buffer.AsSpan().Fill(7);
            using (buffer.Retain())
            using (buffer.Borrow())
            {
                Assert.Equal(100, buffer.Length);
            }

            try
            {
                buffer = buffer.Resize(10_000);
            }
            catch (OutOfMemoryException)
            {
                Assert.Equal((100, -1), (buffer.Length, buffer.AsSpan().IndexOfAnyExcept(7)));
                throw;
            }
        }
        finally
        {
            buffer.Dispose();
        }
    }

    private static void Arena(NativeAllocator? allocator)
    {
        using var arena = NativeArena.Create(100, allocator);
        Span<byte> first = arena.Allocate<byte>(90);
        first.Fill(7);
        try
        {
            _ = arena.Allocate<byte>(3000);
            using ArenaScope scope = arena.BeginScope();
            _ = scope.Allocate<byte>(10_000);
            using ArenaScope inner = scope.BeginScope();
            _ = inner.Allocate<byte>(300_000);
            inner.Dispose();
            scope.Dispose();
            _ = arena.Allocate<byte>(1);
            _ = arena.Allocate<byte>(20_000);
        }
        catch (OutOfMemoryException)
        {
            Assert.False(first.ContainsAnyExcept((byte)7));
            throw;
        }
    }

    private static void ArenaOwner(NativeAllocator? allocator)
    {
        using var arena = NativeArenaOwner.Create(100, allocator);
        ArenaSlice<byte> first;
        using (ArenaBorrow borrow = arena.Borrow())
        {
            first = borrow.AllocateSlice<byte>(90);
            borrow.AsSpan(first).Fill(7);
            try
            {
                using ArenaScope scope = borrow.BeginScope();
                _ = scope.Allocate<byte>(300_000);
                scope.Dispose();
                _ = borrow.AllocateSlice<byte>(5000);
            }
            catch (OutOfMemoryException)
            {
                Assert.False(borrow.AsSpan(first).ContainsAnyExcept((byte)7));
                throw;
            }
        }

        arena.Reset();
        using (ArenaBorrow borrow = arena.Borrow())
        {
            _ = borrow.Allocate<byte>(9000);
        }
    }

    private static unsafe void BareBlock(NativeAllocator? allocator)
    {
        NativeAllocator chosen = allocator ?? NativeAllocator.Default;
        nuint size = 100;
        byte* block = (byte*)chosen.Allocate(size, 64);
        try
        {
            new Span<byte>(block, 100).Fill(7);
            foreach (nuint next in new nuint[] { 300, 300_000, 1000, 100 })
            {
                block = (byte*)chosen.Resize(block, size, next, 64);
                size = next;
            }
        }
        finally
        {
            Assert.False(new Span<byte>(block, 100).ContainsAnyExcept((byte)7));
            chosen.Free(block, size, 64);
        }
    }
}
