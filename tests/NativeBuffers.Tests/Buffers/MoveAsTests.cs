using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Buffers;

/// <summary>An owner that becomes an owner of elements of another type.</summary>
[CorrectProgram]
public class MoveAsTests
{
    public static TheoryData<string> Sources => ["Default", "Malloc", "Pages", "PinnedHeap", "Budget", "Aligned"];

    [Theory]
    [MemberData(nameof(Sources))]
    public void The_bytes_stay_where_they_are_and_are_freed_and_resized_as_before(string source)
    {
        using NativeMemoryBudget budget = SourceOf(source).WithLimit(1 << 20);
        NativeMemoryOwner<uint> numbers = NativeMemoryOwner<uint>.Create(6, budget);
        numbers.GetSpan()[3] = 0x3F80_0000;
        nint address = AddressOf(numbers);
        using (NativeMemoryOwner<float> floats = numbers.MoveAs<float>())
        {
            Assert.True(numbers.IsDisposed);
            Assert.Equal(6, floats.Length);
            Assert.Equal([0, 0, 0, 1, 0, 0], floats.ToArray());
            Assert.Equal(address, AddressOf(floats));
            floats.Resize(100_000);
            using NativeMemoryOwner<byte> bytes = floats.MoveAs<byte>();
            Assert.Equal(400_000, bytes.Length);
            Assert.Equal(0x3F, bytes.GetSpan()[15]);
            bytes.Resize(3);
            Assert.Equal(3, bytes.Memory.Length);
        }

        Assert.Equal(0, budget.UsedBytes);
    }

    [Fact]
    public void Bytes_that_are_no_whole_number_of_elements_are_refused_and_stay()
    {
        using NativeMemoryOwner<byte> bytes = NativeMemoryOwner<byte>.Create(7);
        Assert.Throws<ArgumentException>(() => bytes.MoveAs<int>().Dispose());
        Assert.False(bytes.IsDisposed);
        bytes.Resize(8);
        using NativeMemoryOwner<long> one = bytes.MoveAs<long>();
        Assert.Equal(1, one.Length);
    }

    [Fact]
    public void An_address_that_is_not_aligned_is_refused_and_the_owner_stays()
    {
        unsafe
        {
            // SAFETY: the handle frees the whole block with its own address.
            byte* block = (byte*)NativeMemory.Alloc(64);
            NativeAllocator freedBy = NativeAllocator.FromFree("inside a block", &FreeBefore);
            using NativeMemoryOwner<byte> bytes = NativeMemoryOwner<byte>.Adopt(block + 1, 8, freedBy);
            Assert.Throws<ArgumentException>(() => bytes.MoveAs<long>().Dispose());
            using NativeMemoryOwner<sbyte> same = bytes.MoveAs<sbyte>();
            Assert.Equal(8, same.Length);
        }
    }

    [Fact]
    public void Types_with_rules_or_padding_are_refused_and_the_owner_stays()
    {
        using NativeMemoryOwner<byte> bytes = NativeMemoryOwner<byte>.Create(64);
        Assert.Throws<NotSupportedException>(() => bytes.MoveAs<bool>().Dispose());
        Assert.Throws<NotSupportedException>(() => bytes.MoveAs<DateTime>().Dispose());
        Assert.Throws<NotSupportedException>(() => bytes.MoveAs<(byte, int)>().Dispose());
        using NativeMemoryOwner<bool> flags = NativeMemoryOwner<bool>.Create(1);
        Assert.Throws<NotSupportedException>(() => flags.MoveAs<byte>().Dispose());
        Assert.False(bytes.IsDisposed || flags.IsDisposed);
    }

    [Fact]
    public void A_borrowed_pinned_or_disposed_owner_is_refused()
    {
        NativeMemoryOwner<byte> bytes = NativeMemoryOwner<byte>.Create(8);
        using (bytes.Borrow())
        {
            Assert.Throws<InvalidOperationException>(() => bytes.MoveAs<int>().Dispose());
        }

        using (bytes.Pin())
        {
            Assert.Throws<InvalidOperationException>(() => bytes.MoveAs<int>().Dispose());
        }

        bytes.Dispose();
        Assert.Throws<ObjectDisposedException>(() => bytes.MoveAs<int>().Dispose());
    }

    [Fact]
    public void An_empty_owner_moves()
    {
        using NativeMemoryOwner<byte> none = NativeMemoryOwner<byte>.Create(0);
        using NativeMemoryOwner<double> empty = none.MoveAs<double>();
        Assert.Equal(0, empty.Length);
        empty.Resize(2);
        Assert.Equal([0, 0], empty.ToArray());
    }

    private static nint AddressOf<T>(NativeMemoryOwner<T> owner)
        where T : unmanaged
    {
        using Borrow<T> borrow = owner.Borrow();
        unsafe
        {
            // SAFETY: the address is compared, and not followed.
            return (nint)Unsafe.AsPointer(ref borrow[0]);
        }
    }

    private static NativeAllocator SourceOf(string name) => name switch
    {
        "Malloc" => NativeAllocator.Malloc,
        "Pages" => NativeAllocator.Pages,
        "PinnedHeap" => NativeAllocator.PinnedHeap,
        "Aligned" => NativeAllocator.Aligned(64),
        "Budget" => NativeAllocator.Malloc.WithLimit(1 << 20),
        _ => NativeAllocator.Default,
    };

    [UnmanagedCallersOnly]
    private static unsafe void FreeBefore(void* block) => NativeMemory.Free((byte*)block - 1);
}
