using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NativeBuffers.Tests.Buffers;

/// <summary>Parts of a borrow, and its bytes as elements of another type.</summary>
[CorrectProgram]
public class BorrowViewTests
{
    private enum Color : short
    {
        Red,
    }

    [Fact]
    public void A_part_shows_its_elements_and_its_end_ends_nothing()
    {
        using var owner = NativeMemoryOwner<int>.CreateFrom([0, 1, 2, 3, 4, 5]);
        using Borrow<int> all = owner.Borrow();
        using (Borrow<int> part = all.Slice(2, 3))
        {
            Assert.Equal((3L, 2, 4), (part.Length, part[0], part[^1]));
            part[0] = 20;
            using Borrow<int> inner = part.Slice(1, 2);
            Assert.True(inner.Span.SequenceEqual([3, 4]));
            Assert.Equal(0, part.Slice(3, 0).Length);
        }

        Assert.Equal(20, all[2]);
        Assert.Throws<InvalidOperationException>(() => owner.Resize(1));
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 7)]
    [InlineData(6, 1)]
    [InlineData(1, long.MaxValue)]
    [InlineData(0, -1)]
    public void A_part_outside_is_refused(long start, long length)
    {
        using var owner = NativeMemoryOwner<int>.Create(6);
        Assert.Throws<ArgumentOutOfRangeException>(() => SliceOf(owner, start, length));
        Assert.Throws<ArgumentOutOfRangeException>(() => CastOf<int, short>(owner, start, length));
    }

    [Fact]
    public void A_part_of_more_than_a_span_can_have()
    {
        const long Length = (1L << 31) + 100;
        using var owner = NativeMemoryOwner<byte>.Create(Length, NativeAllocator.Pages);
        using Borrow<byte> all = owner.Borrow();
        all[^1] = 42;
        Borrow<byte> part = all.Slice(50, Length - 50);
        Assert.Equal((Length - 50, (byte)42), (part.Length, part[^1]));
        Assert.Throws<InvalidOperationException>(() => SpanOf(owner));
        Assert.Equal(42, part.Cast<short>(Length - 52, 2)[0] >> 8);
    }

    [Fact]
    public void Bytes_are_seen_as_numbers_and_written_as_such()
    {
        using var owner = NativeMemoryOwner<byte>.Create(32);
        using Borrow<byte> bytes = owner.Borrow();
        using Borrow<float> floats = bytes.Cast<float>();
        floats[1] = 1;
        Assert.Equal((8L, 0x3F), (floats.Length, (int)bytes[7]));
        Assert.Equal(0x3F800000, bytes.Cast<int>(4, 4)[0]);
        Assert.Equal(new Vector2(0, 1), floats.Cast<Vector2>()[0]);
    }

    [Fact]
    public void A_file_is_seen_as_numbers_and_not_written()
    {
        using var folder = new TemporaryFolder();
        using var file = MappedFile<byte>.OpenRead(folder.FileOf([1, 0, 0, 0, 2, 0, 0, 0]));
        using ReadOnlyBorrow<byte> bytes = file.BorrowReadOnly();
        using ReadOnlyBorrow<int> numbers = bytes.Cast<int>();
        Assert.True(numbers.Span.SequenceEqual([1, 2]));
        Assert.Equal(2, bytes.Slice(4, 4)[0]);
    }

    [Fact]
    public void Bytes_that_fill_no_element_or_are_not_aligned_are_refused()
    {
        using var owner = NativeMemoryOwner<byte>.Create(33);
        Assert.Contains("33 bytes", Assert.Throws<ArgumentException>(() => CastOf<byte, int>(owner, 0, 33)).Message);
        Assert.Contains("not aligned", Assert.Throws<ArgumentException>(() => CastOf<byte, int>(owner, Unaligned(owner), 32)).Message);
        CastOf<byte, Bytes3>(owner, 1, 30);
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0002", Justification = "The test uses a copy of a borrow that has ended, which must refuse.")]
    public void A_view_of_a_borrow_that_has_ended_is_refused()
    {
        using var owner = NativeMemoryOwner<byte>.Create(32);
        Borrow<byte> borrow = owner.Borrow();
        Borrow<byte> copy = borrow;
        borrow.Dispose();
        Assert.Equal((0L, 32L), (borrow.Length, copy.Length));
        try
        {
            _ = copy.Cast<int>();
            Assert.Fail("The borrow has ended.");
        }
        catch (ObjectDisposedException)
        {
            // Right.
        }
    }

    [Fact]
    public void Types_of_any_bits_are_allowed()
    {
        Allow<byte>();
        Allow<char>();
        Allow<nint>();
        Allow<Half>();
        Allow<Int128>();
        Allow<Guid>();
        Allow<TimeSpan>();
        Allow<Color>();
        Allow<Complex>();
        Allow<Matrix4x4>();
        Allow<Vector128<int>>();
        Allow<Point>();
        Allow<Nested>();
        Allow<Row>();
        Allow<Fixed>();
        Allow<Placed>();

        static void Allow<T>()
            where T : unmanaged
        {
            using var owner = NativeMemoryOwner<T>.Create(4);
            Assert.True(CastOf<T, byte>(owner, 0, 4) > 0);
        }
    }

    [Fact]
    public void Types_with_rules_or_gaps_are_refused()
    {
        Refuse<bool>();
        Refuse<decimal>();
        Refuse<DateTime>();
        Refuse<System.Text.Rune>();
        Refuse<Padded>();
        Refuse<Overlapped>();
        Refuse<OverlappedWithGap>();
        Refuse<FixedBools>();
        Refuse<WithBool>();
        Refuse<(byte, int)>();

        static void Refuse<T>()
            where T : unmanaged
        {
            using var owner = NativeMemoryOwner<T>.Create(4);
            Assert.Contains(typeof(T).Name, Assert.Throws<NotSupportedException>(() => CastOf<T, byte>(owner, 0, 4)).Message);
            using var bytes = NativeMemoryOwner<byte>.Create(1024);
            Assert.Throws<NotSupportedException>(() => CastOf<byte, T>(bytes, 0, 1024));
        }
    }

    private static void SliceOf(NativeMemoryOwner<int> owner, long start, long length)
    {
        using Borrow<int> borrow = owner.Borrow();
        _ = borrow.Slice(start, length);
    }

    private static void SpanOf(NativeMemoryOwner<byte> owner)
    {
        using Borrow<byte> borrow = owner.Borrow();
        _ = borrow.Slice(0, borrow.Length).Span;
    }

    /// <summary>0 or 1: a guard page after the block lets the block begin anywhere.</summary>
    private static unsafe long Unaligned(NativeMemoryOwner<byte> owner)
    {
        using Borrow<byte> borrow = owner.Borrow();
        fixed (byte* first = borrow)
        {
            return (nuint)first % sizeof(int) == 3 ? 0 : 1;
        }
    }

    private static long CastOf<T, TTo>(NativeMemoryOwner<T> owner, long start, long length)
        where T : unmanaged
        where TTo : unmanaged
    {
        using Borrow<T> borrow = owner.Borrow();
        return borrow.Cast<TTo>(start, length).Length;
    }

    private readonly record struct Point(float X, float Y);

    private readonly record struct Nested(Point From, Point To, long Weight);

    private readonly record struct Padded(byte First, int Second);

    private readonly record struct WithBool(byte First, bool Second);

    [StructLayout(LayoutKind.Explicit)]
    private struct Overlapped
    {
        [FieldOffset(0)]
        public int First;

        [FieldOffset(0)]
        public float Second;
    }

    /// <summary>As large as its fields, and 4 bytes belong to none.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 8)]
    private struct OverlappedWithGap
    {
        [FieldOffset(0)]
        public int First;

        [FieldOffset(0)]
        public float Second;
    }

    [StructLayout(LayoutKind.Explicit)]
    private struct Placed
    {
        [FieldOffset(4)]
        public int First;

        [FieldOffset(0)]
        public float Second;
    }

    [StructLayout(LayoutKind.Explicit)]
    private unsafe struct FixedBools
    {
        [FieldOffset(0)]
        public fixed bool First[2];

        [FieldOffset(0)]
        public short Second;
    }

    [System.Runtime.CompilerServices.InlineArray(3)]
    private struct Bytes3
    {
        private byte _first;
    }

    private readonly record struct Row(Color Color, short Alpha, int Depth);

    private unsafe struct Fixed
    {
        public fixed int Numbers[5];
    }
}
