using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace NativeBuffers.Tests.Interop;

/// <summary>Handles as parameters and results of C's own functions.</summary>
[CorrectProgram]
public class LibraryImportTests
{
    /// <summary>The action that <see cref="CompareAndCall"/> calls, on the thread that sorts.</summary>
    [ThreadStatic]
    private static Action? t_duringSort;

    [Fact]
    public void A_block_that_C_returned_is_read_once_its_size_is_said()
    {
        using SafeMallocBuffer text = CLibrary.Duplicate("grüße");
        Assert.Throws<InvalidOperationException>(() => text.Read<byte>(0));
        Assert.Throws<InvalidOperationException>(() => text.ToOwner<byte>());
        Assert.Equal(7u, CLibrary.LengthOfText(text));

        text.Initialize(CLibrary.LengthOfText(text));

        byte[] bytes = new byte[7];
        text.ReadSpan(0, bytes.AsSpan());
        Assert.Equal("grüße", Encoding.UTF8.GetString(bytes));
        Assert.Throws<ArgumentException>(() => text.Read<byte>(7));
        Assert.Throws<InvalidOperationException>(() => text.Initialize(8));
    }

    [Fact]
    public void A_size_is_said_in_bytes_or_in_elements()
    {
        using SafeMallocBuffer inBytes = CLibrary.Calloc(10, 8), inElements = CLibrary.Calloc(10, 8), inType = CLibrary.Calloc(10, 8);
        inBytes.Initialize(80);
        inElements.Initialize(10, 8);
        inType.Initialize<double>(10);
        Assert.Equal((80u, 80u, 80u), (inBytes.ByteLength, inElements.ByteLength, inType.ByteLength));
        Assert.Equal(0, inBytes.Read<long>(72));

        using SafeMallocBuffer block = CLibrary.Malloc(10);
        Assert.Throws<ArgumentOutOfRangeException>(() => block.Initialize(ulong.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => block.Initialize((ulong)nint.MaxValue + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => block.Initialize(uint.MaxValue, uint.MaxValue));
        block.Initialize(10);
    }

    [Fact]
    public void A_size_that_the_block_of_C_cannot_have_is_refused()
    {
        using SafeMallocBuffer block = CLibrary.Malloc(100);
        Assert.Equal(0, CLibrary.PosixMemalign(out SafeAlignedBuffer aligned, 4096, 100));
        using (aligned)
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => block.Initialize(1000));
            Assert.Throws<ArgumentOutOfRangeException>(() => block.Initialize(100, 10));
            Assert.Throws<ArgumentOutOfRangeException>(() => block.Initialize<long>(100));
            Assert.Throws<ArgumentOutOfRangeException>(() => aligned.Initialize(1_000_000));
            block.Initialize<byte>(100);
            aligned.Initialize(100);
            Assert.Equal((100u, 100u), (block.ByteLength, aligned.ByteLength));
        }
    }

    [Fact]
    public void Pages_that_are_not_mapped_are_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The flags are Linux's.");
        using SafePagesBuffer pages = Map(8192);
        Assert.Throws<ArgumentOutOfRangeException>(() => pages.Initialize(1UL << 46));
        pages.Initialize(8192);
        Assert.Equal(8192u, pages.ByteLength);
    }

    [Fact]
    public void Null_from_C_is_an_invalid_handle()
    {
        using SafeMallocBuffer none = CLibrary.Malloc(nuint.MaxValue / 2);
        Assert.True(none.IsInvalid);
        Assert.Throws<ObjectDisposedException>(() => none.Initialize(10));
        Assert.Throws<ObjectDisposedException>(() => none.ToOwner<byte>());
    }

    [Fact]
    public void Blocks_that_C_returned_are_freed_whether_their_size_was_said_or_not()
    {
        nuint size = (nuint)1 << 32;
        long before = AddressSpace.ByteCount;
        for (int i = 0; i < 64; i++)
        {
            CLibrary.Malloc(size).Dispose();
            SafeMallocBuffer zeroed = CLibrary.Calloc(4, size / 4);
            zeroed.Initialize(size);
            zeroed.Dispose();
            CLibrary.AlignedAlloc(4096, size).Dispose();
        }

        Assert.InRange(AddressSpace.ByteCount - before, long.MinValue, 64 * (long)size);
    }

    [Fact]
    public void C_copies_between_blocks_of_all_kinds()
    {
        using SafeNativeBuffer malloc = SafeMallocBuffer.Allocate(1000);
        using SafeNativeBuffer aligned = SafeAlignedBuffer.Allocate(1000);
        using SafeNativeBuffer global = SafeHGlobalBuffer.Allocate(1000);
        using SafeNativeBuffer task = SafeCoTaskMemBuffer.Allocate(1000);
        using SafeNativeBuffer pages = SafePagesBuffer.Allocate(1000);
        SafeNativeBuffer[] kinds = [malloc, aligned, global, task, pages];
        byte[] written = new byte[1000];
        Random.Shared.NextBytes(written);
        malloc.WriteSpan(0, written.AsSpan());

        for (int i = 1; i < kinds.Length; i++)
        {
            Assert.Equal(kinds[i].DangerousGetHandle(), CLibrary.Copy(kinds[i], kinds[i - 1], 1000));
        }

        byte[] read = new byte[1000];
        pages.ReadSpan(0, read.AsSpan());
        Assert.Equal(written, read);
    }

    [Fact]
    public unsafe void C_sorts_a_block()
    {
        int[] values = [.. Enumerable.Range(0, 1000).Select(static i => (i * 7919) % 1000)];
        using SafeMallocBuffer items = SafeMallocBuffer.Allocate(4000);
        items.WriteSpan(0, values.AsSpan());
        CLibrary.Sort(items, 1000, 4, &Compare);
        items.ReadSpan(0, values.AsSpan());
        Assert.Equal(Enumerable.Range(0, 1000), values);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(4096)]
    [InlineData(1 << 21)]
    public void C_allocates_aligned_blocks(int alignment)
    {
        Assert.Equal(0, CLibrary.PosixMemalign(out SafeAlignedBuffer first, (nuint)alignment, 100));
        using SafeAlignedBuffer second = CLibrary.AlignedAlloc((nuint)alignment, (nuint)alignment);
        using (first)
        {
            Assert.Equal(0, first.DangerousGetHandle() % alignment);
            Assert.Equal(0, second.DangerousGetHandle() % alignment);
            first.Initialize(100);
            first.Write(96, 42);
            Assert.Equal(42, first.Read<int>(96));
        }
    }

    [Fact]
    public void An_out_handle_that_C_did_not_fill_in_is_invalid()
    {
        Assert.NotEqual(0, CLibrary.PosixMemalign(out SafeAlignedBuffer none, alignment: 3, 100));
        Assert.True(none.IsInvalid);
        none.Dispose();
    }

    [Fact]
    public void Pages_that_C_mapped_are_unmapped_as_far_as_was_said()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The flags are Linux's.");
        const long Size = 4L << 30;
        long before = AddressSpace.ByteCount;
        for (int i = 0; i < 64; i++)
        {
            using SafePagesBuffer pages = Map(Size);
            pages.Initialize((ulong)Size);
            pages.Write((ulong)Size - 4, 42);
        }

        Assert.InRange(AddressSpace.ByteCount - before, long.MinValue, 32 * Size);
        using SafePagesBuffer refused = Map(0);
        Assert.True(refused.IsInvalid); // mmap says -1.
    }

    [Fact]
    public void Pages_of_an_unknown_size_stay_mapped()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The flags are Linux's.");
        SafePagesBuffer pages = Map(8192);
        nint address = pages.DangerousGetHandle();
        pages.Dispose();
        Assert.True(pages.IsClosed);
        Marshal.WriteByte(address, 8191, 42);
        Assert.Equal(42, Marshal.ReadByte(address, 8191));
        Assert.Equal(0, CLibrary.Unmap(address, 8192));
    }

    [Fact]
    public void A_block_that_C_took_over_is_given_away()
    {
        SafeMallocBuffer block = SafeMallocBuffer.Allocate(100);
        CLibrary.Free(block);
        block.SetHandleAsInvalid();
        Assert.True(block.IsClosed);
        Assert.Throws<ObjectDisposedException>(() => block.ToOwner<byte>());
        block.Dispose();
    }

    [Fact]
    public void A_disposed_handle_does_not_reach_C()
    {
        SafeMallocBuffer text = CLibrary.Duplicate("text");
        text.Dispose();
        Assert.Throws<ObjectDisposedException>(() => CLibrary.LengthOfText(text));
    }

    [Fact]
    public unsafe void A_block_disposed_while_C_sorts_it_is_freed_when_C_returns()
    {
        var allocator = new RecordingAllocator();
        SafeStrictBuffer items = Descending(allocator);
        long liveDuringSort = 0;
        t_duringSort = () =>
        {
            items.Dispose();
            liveDuringSort = allocator.LiveBlocks;
        };
        CLibrary.Sort(items, 100, 4, &CompareAndCall);
        Assert.Equal((1, 0), (liveDuringSort, allocator.LiveBlocks));
        Assert.True(items.IsClosed);
    }

    [Fact]
    public unsafe void A_block_that_becomes_an_owners_while_C_sorts_it_is_seen_sorted_by_the_owner()
    {
        var allocator = new RecordingAllocator();
        SafeStrictBuffer items = Descending(allocator);
        NativeMemoryOwner<int>? owner = null;
        t_duringSort = () => owner = items.ToOwner<int>();
        CLibrary.Sort(items, 100, 4, &CompareAndCall);

        Assert.True(items.IsClosed);
        Assert.Equal(Enumerable.Range(0, 100), owner!.Memory.ToArray());
        Assert.Equal(1, allocator.LiveBlocks);
        owner.Dispose();
        Assert.Equal(0, allocator.LiveBlocks);
    }

    [Fact]
    public unsafe void An_owner_that_ends_while_C_still_sorts_leaves_the_block_to_C()
    {
        var allocator = new RecordingAllocator();
        SafeStrictBuffer items = Descending(allocator);
        long liveDuringSort = 0;
        t_duringSort = () =>
        {
            items.ToOwner<int>().Dispose();
            liveDuringSort = allocator.LiveBlocks;
        };
        CLibrary.Sort(items, 100, 4, &CompareAndCall);
        Assert.Equal((1, 0), (liveDuringSort, allocator.LiveBlocks));
    }

    private static SafePagesBuffer Map(long byteCount) =>
        CLibrary.Map(0, (nuint)byteCount, CLibrary.ReadAndWrite, CLibrary.PrivateAndAnonymous, -1, 0);

    private static SafeStrictBuffer Descending(NativeAllocator allocator)
    {
        SafeStrictBuffer items = SafeStrictBuffer.Allocate(400, allocator);
        items.WriteSpan(0, Enumerable.Range(0, 100).Reverse().ToArray().AsSpan());
        return items;
    }

    [UnmanagedCallersOnly]
    private static unsafe int Compare(int* left, int* right) => left->CompareTo(*right);

    [UnmanagedCallersOnly]
    private static unsafe int CompareAndCall(int* left, int* right)
    {
        Interlocked.Exchange(ref t_duringSort, null)?.Invoke();
        return left->CompareTo(*right);
    }
}
