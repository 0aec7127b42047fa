using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NativeBuffers.Allocation;

namespace NativeBuffers.Tests.Allocation;

/// <summary>The places of blocks in arrays. Sizes of elements that have no place at some arrays are tried often.</summary>
public class PinnedArraysTests
{
    [Fact]
    public void A_block_begins_at_an_element_and_at_the_alignment_and_has_a_word_before()
    {
        AssertPlaces<byte>();
        AssertPlaces<short>();
        AssertPlaces<Sized3>();
        AssertPlaces<int>();
        AssertPlaces<long>();
        AssertPlaces<Sized12>();
        AssertPlaces<Guid>();
        AssertPlaces<Sized48>();
        AssertPlaces<Sized100>();
    }

    [Fact]
    public void The_noted_type_is_that_of_the_innermost_owner()
    {
        using (PinnedArrays.Scope outer = PinnedArrays.Want<int>())
        {
            using (PinnedArrays.Scope inner = PinnedArrays.Want<long>())
            {
                Assert.IsType<long[]>(PinnedArrays.Wanted.TryMake(10, 16, zeroed: true, out _));
            }

            Assert.IsType<int[]>(PinnedArrays.Wanted.TryMake(10, 16, zeroed: true, out _));
            Assert.True(PinnedArrays.IsOfOwner);
        }

        Assert.False(PinnedArrays.IsOfOwner);
        Assert.Same(PinnedArrays.Bytes, PinnedArrays.Wanted);
    }

    [Fact]
    public void Elements_far_apart_and_arrays_that_are_too_long_are_not_tried()
    {
        using PinnedArrays.Scope scope = PinnedArrays.Want<Sized100>();
        Assert.Null(PinnedArrays.Wanted.TryMake(10, 4096, zeroed: true, out _));
        Assert.Null(PinnedArrays.Bytes.TryMake((nuint)Array.MaxLength, 16, zeroed: false, out _));
        Assert.Null(PinnedArrays.Longest.TryMake((nuint)nint.MaxValue, 16, zeroed: false, out _));
    }

    private static void AssertPlaces<T>()
        where T : unmanaged
    {
        using PinnedArrays.Scope scope = PinnedArrays.Want<T>();
        for (nuint byteCount = 0; byteCount < 400; byteCount += 7)
        {
            Array? array = PinnedArrays.Wanted.TryMake(byteCount, 16, zeroed: true, out nuint start);
            T[] elements = Assert.IsType<T[]>(array);
            nuint first = (nuint)Marshal.UnsafeAddrOfPinnedArrayElement(elements, 0);
            nuint end = first + (nuint)elements.Length * (nuint)Unsafe.SizeOf<T>();
            Assert.Equal((0u, 0u), (start % 16, (start - first) % (nuint)Unsafe.SizeOf<T>()));
            Assert.True(start >= first + 8 && start + byteCount <= end, $"{first:x} {start:x} {end:x}");
        }
    }

    [StructLayout(LayoutKind.Sequential, Size = 3)]
    private struct Sized3
    {
        public byte First;
    }

    [StructLayout(LayoutKind.Sequential, Size = 12)]
    private struct Sized12
    {
        public int First;
    }

    [StructLayout(LayoutKind.Sequential, Size = 48)]
    private struct Sized48
    {
        public long First;
    }

    [StructLayout(LayoutKind.Sequential, Size = 100)]
    private struct Sized100
    {
        public int First;
    }
}
