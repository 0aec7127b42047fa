using System.Buffers;

namespace NativeBuffers.Tests.Buffers;

/// <summary>Owners of more elements than an <see cref="int"/> counts. Their pages are touched at the ends only.</summary>
[Collection(ProcessWide.Name)]
public class HugeOwnerTests
{
    private const long Length = 5L << 30;

    public static TheoryData<string> Allocators => ["Default", "Malloc", "Pages"];

    [Theory]
    [MemberData(nameof(Allocators))]
    public void Both_ends_are_reached_through_a_borrow(string allocator)
    {
        using NativeMemoryOwner<byte> owner = Make(allocator);
        Assert.Equal(Length, owner.Length);
        using Borrow<byte> borrow = owner.Borrow();
        Assert.Equal(Length, borrow.Length);
        Assert.Equal((0, 0), (borrow[0L], borrow[Length - 1]));
        borrow[0] = 1;
        borrow[Length - 1] = 2;
        borrow[int.MaxValue + 1L] = 3;
        Assert.Equal((1, 2, 3), (borrow[0L], borrow[Length - 1], borrow[1L << 31]));
        Assert.Equal([2], borrow.AsSpan(Length - 1, 1).ToArray());
        Assert.Equal(0, borrow.AsSpan(Length, 0).Length);
        Assert.Equal([3], borrow.AsSpan(1L << 31, 1).ToArray());
    }

    [Fact]
    public void A_range_outside_a_borrow_is_refused()
    {
        using NativeMemoryOwner<byte> owner = Make("Default");
        foreach (long index in new[] { -1L, Length, long.MaxValue, long.MinValue })
        {
            Assert.Throws<IndexOutOfRangeException>(() => { using Borrow<byte> borrow = owner.Borrow(); return borrow[index]; });
        }

        foreach ((long start, int count) in new[] { (Length, 1), (Length - 1, 2), (Length + 1, 0), (-1L, 1), (Length - 10, int.MaxValue) })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => { using Borrow<byte> borrow = owner.Borrow(); return borrow.AsSpan(start, count).Length; });
            Assert.Throws<ArgumentOutOfRangeException>(() => owner.Slice(start, count));
        }
    }

    [Fact]
    public void There_is_no_span_or_memory_of_all_elements_but_there_are_slices()
    {
        using NativeMemoryOwner<byte> owner = Make("Default");
        string message = Assert.Throws<InvalidOperationException>(() => owner.Memory).Message;
        Assert.Contains("slice", message);
        Assert.Throws<InvalidOperationException>(() => ((IMemoryOwner<byte>)owner).Memory);
        Assert.Throws<InvalidOperationException>(() => { using Borrow<byte> borrow = owner.Borrow(); return borrow.Span.Length; });
        Assert.Throws<InvalidOperationException>(() => { using Borrow<byte> borrow = owner.Borrow(); return ((ReadOnlySpan<byte>)borrow).Length; });
        Assert.Equal(int.MaxValue, owner.GetSpan().Length);

        owner.Slice(0, 10).Span[0] = 1;
        owner.Slice(Length - 10, 10).Span[9] = 2;
        owner.Slice(int.MaxValue - 10L, 20).Span[15] = 3;
        owner.Slice(int.MaxValue - 5L, 5).Span[4] = 4;
        using Borrow<byte> borrow = owner.Borrow();
        Assert.Equal((1, 2, 3, 4), (borrow[0L], borrow[Length - 1], borrow[int.MaxValue + 5L], borrow[int.MaxValue - 1L]));
        Assert.Equal(int.MaxValue, owner.Slice(Length - int.MaxValue, int.MaxValue).Length);
        Assert.Equal(2, owner.Slice(Length - int.MaxValue, int.MaxValue).Span[^1]);
    }

    [Fact]
    public unsafe void A_slice_beyond_the_reach_of_memory_is_pinned_in_place_and_keeps_the_block()
    {
        NativeMemoryOwner<byte> owner = Make("Pages");
        Memory<byte> slice = owner.Slice(Length - 100, 100);
        slice.Span[7] = 7;
        MemoryHandle handle = slice[7..].Pin();
        Assert.Equal(7, *(byte*)handle.Pointer);
        Assert.Throws<InvalidOperationException>(() => owner.Resize(10));
        owner.Dispose();
        Assert.Throws<ObjectDisposedException>(() => slice.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => slice.Pin());
        Assert.Equal(7, *(byte*)handle.Pointer);
        *(byte*)handle.Pointer = 8;
        handle.Dispose();
    }

    [Fact]
    public void A_slice_is_refused_when_the_memory_has_become_shorter()
    {
        using NativeMemoryOwner<byte> owner = Make("Pages");
        Memory<byte> slice = owner.Slice(Length - 100, 100);
        owner.Resize(Length - 50);
        Assert.Throws<ArgumentOutOfRangeException>(() => slice.Span.Length);
        Assert.Equal(50, slice[..50].Span.Length);
        owner.Resize(100);
        Assert.Throws<ArgumentOutOfRangeException>(() => slice.Span.Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => slice.Pin());
        owner.Resize(Length);
        Assert.Equal(-1, slice.Span.IndexOfAnyExcept((byte)0));
    }

    [Theory]
    [InlineData("Default", 1 << 24)]
    [InlineData("Malloc", 1 << 24)]
    [InlineData("Pages", 4L << 30)]
    public void Resizing_keeps_both_ends_of_the_kept_elements(string allocator, long less)
    {
        using NativeMemoryOwner<byte> owner = Make(allocator);
        long shorter = Length - less;
        using (Borrow<byte> borrow = owner.Borrow())
        {
            borrow[0] = 1;
            borrow[shorter - 1] = 2;
            borrow[shorter] = 3;
            borrow[Length - 1] = 4;
        }

        owner.Resize(shorter);
        Assert.Equal(shorter, owner.Length);
        owner.Resize(Length);
        using (Borrow<byte> borrow = owner.Borrow())
        {
            Assert.Equal((1, 2, 0, 0), (borrow[0L], borrow[shorter - 1], borrow[shorter], borrow[Length - 1]));
        }

        owner.Resize(10);
        Assert.Equal([1, 0, 0, 0, 0, 0, 0, 0, 0, 0], owner.Memory.ToArray());
    }

    [Fact]
    public void Lengths_whose_bytes_cannot_be_counted_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeMemoryOwner<long>.Create(1L << 60));
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeMemoryOwner<long>.Create(1L << 61));
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeMemoryOwner<long>.Create((1L << 61) + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeMemoryOwner<decimal>.CreateUninitialized(1L << 60));
        using NativeMemoryOwner<byte> owner = Make("Default");
        Assert.Throws<ArgumentOutOfRangeException>(() => owner.Resize(-Length));
        Assert.Throws<OutOfMemoryException>(() => owner.Resize(long.MaxValue));
        Assert.Equal(Length, owner.Length);
    }

    private static NativeMemoryOwner<byte> Make(string allocator) => NativeMemoryOwner<byte>.Create(
        Length,
        allocator switch
        {
            "Malloc" => NativeAllocator.Malloc,
            "Pages" => NativeAllocator.Pages,
            _ => null,
        });
}
