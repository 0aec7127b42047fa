using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.C;
using Apache.Arrow.Types;

namespace NativeBuffers.Arrow.Tests;

public unsafe class NativeArrowArrayTests
{
    [Fact]
    public void Memory_goes_to_C_and_back_without_a_copy_and_lives_until_the_last_owner()
    {
        using NativeMemoryBudget budget = NativeAllocator.Malloc.WithLimit(1 << 20);
        var owner = NativeMemoryOwner<int>.CreateFrom([1, 2, 3], budget);
        nint address = AddressOf(owner);
        CArrowArray array = default;
        NativeArrowArray.Export(owner, &array);
        owner.Dispose();
        Assert.Equal((3, 0, 0, 2), (array.length, array.null_count, array.offset, array.n_buffers));
        Assert.Equal(address, (nint)array.buffers[1]);
        NativeMemoryOwner<int> imported = NativeArrowArray.Import<int>(&array, Int32Type.Default);
        Assert.Equal(address, AddressOf(imported));
        Assert.Equal([1, 2, 3], imported.Memory.ToArray());
        Assert.True(budget.UsedBytes > 0);
        CArrowArray moved = array;
        Assert.Throws<ArgumentException>(() => ImportAgain(moved));
        using (Borrow<int> borrow = imported.Borrow())
        {
            imported.Dispose();
            Assert.Equal(3, borrow[2]);
            Assert.True(budget.UsedBytes > 0);
        }

        Assert.Equal(0, budget.UsedBytes);
    }

    [Fact]
    public void Arrow_reads_an_exported_owner_where_it_lies()
    {
        using var owner = NativeMemoryOwner<double>.CreateFrom([0.5, 1.5]);
        CArrowArray array = default;
        NativeArrowArray.Export(owner, &array);
        using var imported = (DoubleArray)CArrowArrayImporter.ImportArray(&array, DoubleType.Default);
        Assert.Equal(AddressOf(owner), (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(imported.Values)));
        Assert.Equal([0.5, 1.5], imported.Values.ToArray());
    }

    [Fact]
    public void An_array_owns_the_memory_of_its_owner()
    {
        using NativeMemoryBudget budget = NativeAllocator.Malloc.WithLimit(1 << 20);
        var owner = NativeMemoryOwner<ushort>.CreateFrom([7, 8], budget);
        nint address = AddressOf(owner);
        var array = (UInt16Array)NativeArrowArray.Create(owner);
        Assert.True(owner.IsDisposed);
        Assert.Equal(address, (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(array.Values)));
        Assert.Equal([7, 8], array.Values.ToArray());
        Assert.True(budget.UsedBytes > 0);
        array.Dispose();
        Assert.Equal(0, budget.UsedBytes);
    }

    /// <summary>Consumers may copy the structure, and two copies are released at the same time: the memory is freed once, and not before.</summary>
    [Fact]
    public void Racing_releases_of_copies_free_once()
    {
        var allocator = new CountingFrees();
        for (int round = 0; round < 300; round++)
        {
            var owner = NativeMemoryOwner<long>.CreateFrom([round], allocator);
            CArrowArray first = default;
            NativeArrowArray.Export(owner, &first);
            CArrowArray second = first;
            nint here = (nint)(&first);
            nint other = (nint)(&second);
            Together.Run(
                () => Release((CArrowArray*)other),
                () =>
                {
                    owner.Dispose();
                    Release((CArrowArray*)here);
                });
            Assert.Equal(round + 1, allocator.Frees);
        }
    }

    /// <summary>An owner that one thread borrows and another one disposes calls the release function once, after the last borrow.</summary>
    [Fact]
    public void Racing_ends_of_an_imported_owner_release_once()
    {
        for (int round = 0; round < 300; round++)
        {
            Source source = Source.Create([round]);
            NativeMemoryOwner<long> owner = NativeArrowArray.Import<long>(source.Array, Int64Type.Default);
            Together.Run(owner.Dispose, () => ReadAndDispose(owner, source, round));
            Assert.Equal(1, source.Releases);
            source.Free();
        }
    }

    [Fact]
    public void A_forgotten_owner_releases_its_array()
    {
        Source source = Source.Create([1, 2]);
        Forget(source.Array);
        for (int i = 0; i < 100 && source.Releases == 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal(1, source.Releases);
        source.Free();
    }

    [Fact]
    public void An_offset_and_an_empty_array_are_imported()
    {
        Source source = Source.Create([1, 2, 3]);
        source.Array->offset = 1;
        source.Array->length = 2;
        using (NativeMemoryOwner<long> owner = NativeArrowArray.Import<long>(source.Array, Int64Type.Default))
        {
            Assert.Equal([2L, 3], owner.Memory.ToArray());
            Assert.Throws<OutOfMemoryException>(() => owner.Resize(100));
        }

        source.Free();
        Source none = Source.Create([]);
        none.Array->buffers[1] = null;
        NativeArrowArray.Import<long>(none.Array, Int64Type.Default).Dispose();
        Assert.Equal(1, none.Releases);
        none.Free();
    }

    [Fact]
    public void Arrays_that_no_owner_can_hold_stay_the_callers()
    {
        Source source = Source.Create([1, 2]);
        Assert.Throws<ArgumentException>(() => NativeArrowArray.Import<long>(source.Array, DoubleType.Default));
        Assert.Throws<NotSupportedException>(() => NativeArrowArray.Import<Guid>(source.Array, Int64Type.Default));
        source.Array->n_buffers = 3;
        Assert.Throws<ArgumentException>(() => NativeArrowArray.Import<long>(source.Array, Int64Type.Default));
        source.Array->n_buffers = 2;
        source.Array->buffers[0] = (byte*)source.Array;
        source.Array->null_count = -1;
        Assert.Throws<NotSupportedException>(() => NativeArrowArray.Import<long>(source.Array, Int64Type.Default));
        source.Array->buffers[0] = null;
        source.Array->buffers[1]++;
        Assert.Throws<ArgumentException>(() => NativeArrowArray.Import<long>(source.Array, Int64Type.Default));
        source.Array->buffers[1]--;
        NativeArrowArray.Import<long>(source.Array, TimestampType.Default).Dispose();
        Assert.Equal(1, source.Releases);
        source.Free();
    }

    [Theory]
    [InlineData(2, 0, false)]
    [InlineData(2, 3, false)]
    [InlineData(long.MaxValue, 0, true)]
    [InlineData(1, long.MaxValue, true)]
    [InlineData(1, long.MaxValue / sizeof(long), true)]
    public void Arrays_whose_elements_cannot_be_there_stay_the_callers(long length, long offset, bool hasElements)
    {
        Source source = Source.Create([1, 2]);
        (source.Array->length, source.Array->offset) = (length, offset);
        source.Array->buffers[1] = hasElements ? source.Array->buffers[1] : null;
        Assert.Throws<ArgumentException>(() => NativeArrowArray.Import<long>(source.Array, Int64Type.Default).Dispose());
        source.Array->buffers = null;
        Assert.Throws<ArgumentException>(() => NativeArrowArray.Import<long>(source.Array, Int64Type.Default).Dispose());
        Assert.Equal(0, source.Releases);
        source.Free();
    }

    [Fact]
    public void An_empty_array_may_have_an_offset()
    {
        Source none = Source.Create([]);
        none.Array->buffers[1] = null;
        none.Array->offset = 5;
        NativeArrowArray.Import<long>(none.Array, Int64Type.Default).Dispose();
        Assert.Equal(1, none.Releases);
        none.Free();
    }

    [Fact]
    public void Owners_without_a_number_or_after_their_end_are_refused()
    {
        using var owner = NativeMemoryOwner<char>.Create(2);
        Assert.Throws<NotSupportedException>(() => NativeArrowArray.Create(owner));
        Assert.False(owner.IsDisposed);
        var ended = NativeMemoryOwner<int>.Create(2);
        ended.Dispose();
        Assert.Throws<ObjectDisposedException>(() => NativeArrowArray.Create(ended));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(CArrowArray* array) => _ = NativeArrowArray.Import<long>(array, Int64Type.Default);

    private static void ReadAndDispose(NativeMemoryOwner<long> owner, Source source, long expected)
    {
        try
        {
            using Borrow<long> borrow = owner.Borrow();
            Assert.Equal(expected, borrow[0]);
            Assert.Equal(0, source.Releases);
        }
        catch (ObjectDisposedException)
        {
            // The other thread was faster.
        }

        owner.Dispose();
    }

    private static void ImportAgain(CArrowArray array) => NativeArrowArray.Import<int>(&array, Int32Type.Default);

    private static void Release(CArrowArray* array)
    {
        // As a consumer in C does.
        var release = *(delegate* unmanaged<CArrowArray*, void>*)((byte*)array + 64);
        release(array);
    }

    private static nint AddressOf<T>(NativeMemoryOwner<T> owner)
        where T : unmanaged
    {
        using Borrow<T> borrow = owner.Borrow();
        return (nint)Unsafe.AsPointer(ref borrow[0]);
    }

    private sealed class CountingFrees() : NativeAllocator("counting")
    {
        private int _frees;

        public int Frees => Volatile.Read(ref _frees);

        protected override void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) => Malloc.TryAllocate(byteCount, alignment, zeroed);

        protected override void FreeCore(void* block, nuint byteCount, nuint alignment)
        {
            Interlocked.Increment(ref _frees);
            Malloc.Free(block, byteCount, alignment);
        }
    }

    /// <summary>An array as a library in C makes it, which counts its releases.</summary>
    private readonly struct Source
    {
        private readonly byte* _block;

        private Source(byte* block) => _block = block;

        public CArrowArray* Array => (CArrowArray*)_block;

        public int Releases => Volatile.Read(ref *(int*)(_block + 128));

        public static Source Create(long[] numbers)
        {
            byte* block = (byte*)NativeMemory.AllocZeroed(256 + ((nuint)numbers.Length * sizeof(long)));
            numbers.CopyTo(new Span<long>(block + 256, numbers.Length));
            var source = new Source(block);
            source.Array->length = numbers.Length;
            source.Array->n_buffers = 2;
            source.Array->buffers = (byte**)(block + 160);
            source.Array->buffers[1] = block + 256;
            source.Array->private_data = block;
            *(delegate* unmanaged<CArrowArray*, void>*)(block + 64) = &Count;
            return source;
        }

        public void Free() => NativeMemory.Free(_block);

        [UnmanagedCallersOnly]
        private static void Count(CArrowArray* array) => Interlocked.Increment(ref *(int*)((byte*)array->private_data + 128));
    }
}
