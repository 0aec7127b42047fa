using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NativeBuffers.Primitives;

namespace NativeBuffers.Tests.Primitives;

public class LayoutTests
{
    [Theory]
    [InlineData(0, 8, 0)]
    [InlineData(1, 1, 1)]
    [InlineData(int.MaxValue, 16, 34_359_738_352)]
    [InlineData(long.MaxValue, 1, long.MaxValue)]
    [InlineData(long.MaxValue / 8, 8, long.MaxValue - 7)]
    public void A_byte_count_is_the_true_product(long length, int elementSize, long expected) =>
        Assert.Equal((nuint)expected, Layout.ByteCount(length, elementSize));

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(long.MinValue, 1)]
    [InlineData(long.MaxValue, 2)]
    [InlineData((long.MaxValue / 8) + 1, 8)]
    [InlineData(1L << 61, 8)]
    [InlineData(long.MaxValue, int.MaxValue)]
    public void A_product_that_would_wrap_is_refused(long length, int elementSize)
    {
        var refused = Assert.Throws<ArgumentOutOfRangeException>(() => Layout.ByteCount(length, elementSize));
        Assert.Equal("length", refused.ParamName);
    }

    [Fact]
    public void Sums_and_roundings_say_when_they_would_wrap()
    {
        Assert.True(Layout.TryAdd(3, 4, out nuint sum));
        Assert.Equal(7u, sum);
        Assert.False(Layout.TryAdd((nuint)nint.MaxValue, 1, out _));
        Assert.False(Layout.TryAdd(nuint.MaxValue, 2, out _));
        Assert.True(Layout.TryRoundUp(4097, 4096, out nuint rounded));
        Assert.Equal(8192u, rounded);
        Assert.True(Layout.TryRoundUp(4096, 4096, out rounded));
        Assert.Equal(4096u, rounded);
        Assert.False(Layout.TryRoundUp(nuint.MaxValue - 10, 4096, out _));
    }

    [Fact]
    public unsafe void A_block_knows_its_alignment_and_clears_and_copies_inside_its_bounds()
    {
        byte* memory = stackalloc byte[64];
        new Span<byte>(memory, 64).Fill(1);
        var left = new Block(memory + 8, 16);
        left.ClearFrom(4);
        left.ClearFrom(16);
        left.ClearFrom(nuint.MaxValue);
        Assert.Equal(52, new Span<byte>(memory, 64).Count((byte)1));
        Assert.Equal(0, memory[12]);
        Assert.Equal(1, memory[24]);

        var right = new Block(memory + 40, 8);
        left.CopyTo(right);
        Assert.Equal([1, 1, 1, 1, 0, 0, 0, 0, 1], new Span<byte>(memory + 40, 9).ToArray());
        Assert.Equal(4096u, new Block((void*)0x7000, 1).Alignment);
        Assert.Equal(1u, new Block((void*)0x7001, 1).Alignment);
    }

    [Fact]
    public void The_alignment_of_a_type_is_that_of_its_largest_part()
    {
        Assert.Equal((1, 2, 4, 8), ((int)AlignmentOf<byte>.Value, (int)AlignmentOf<char>.Value, (int)AlignmentOf<int>.Value, (int)AlignmentOf<double>.Value));
        Assert.Equal((4, 8), ((int)AlignmentOf<Guid>.Value, (int)AlignmentOf<(byte, long)>.Value));
        Assert.Equal((1, 3), ((int)AlignmentOf<Colour>.Value, Unsafe.SizeOf<Colour>()));
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Colour
    {
        public byte Red;
        public byte Green;
        public byte Blue;
    }
}
