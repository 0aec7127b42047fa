namespace NativeBuffers.Tests.Regions;

[CorrectProgram]
public class StableBufferTests
{
    private static readonly long s_page = Environment.SystemPageSize;

    public static TheoryData<long> Lengths => [.. new[] { 0, 1, s_page - 1, s_page, s_page + 1, (2 * s_page) - 1, 2 * s_page, 100 * s_page }];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Elements_are_zero_at_first_and_kept_and_zero_again_where_they_were_cut_off(long length)
    {
        using var buffer = StableBuffer<byte>.Reserve(200 * s_page);
        foreach (long kept in new[] { 0, 1, length / 2, length - 1, length, length + 1, length + s_page }.Where(static kept => kept >= 0))
        {
            buffer.Resize(0);
            buffer.Resize(length);
            Assert.Equal(length, buffer.Length);
            AssertHolds(buffer, 0, length, 0);
            Fill(buffer, 1);
            buffer.Resize(kept);
            AssertHolds(buffer, 0, long.Min(kept, length), 1);
            AssertHolds(buffer, length, kept - length, 0);
            buffer.Resize(length + (2 * s_page));
            AssertHolds(buffer, 0, long.Min(kept, length), 1);
            AssertHolds(buffer, long.Min(kept, length), length + (2 * s_page) - long.Min(kept, length), 0);
        }
    }

    [Fact]
    public void It_never_moves_and_grows_while_it_is_borrowed()
    {
        using var buffer = StableBuffer<long>.Reserve(1L << 36);
        Assert.Equal((0, 1L << 36), (buffer.Length, buffer.MaximumLength));
        buffer.Resize(100);
        nint start = Residence.StartOf(buffer);
        using Borrow<long> first = buffer.Borrow();
        first.Span.Fill(7);
        OtherThread.Run(() => buffer.Resize(10_000_000));
        Assert.Equal(100, first.Length);
        using Borrow<long> second = buffer.Borrow();
        Assert.Equal(10_000_000, second.Length);
        Assert.Equal(100, second.Span.IndexOfAnyExcept(7));
        Assert.Equal(-1, second.Span[100..].IndexOfAnyExcept(0));
        second[99] = 8;
        Assert.Equal(8, first[99]);
        Assert.Equal(start, Residence.StartOf(buffer));
    }

    [Fact]
    public void It_does_not_shrink_while_it_is_borrowed()
    {
        using var buffer = StableBuffer<int>.Reserve(100_000);
        buffer.Resize(10_000);
        using (buffer.Borrow())
        {
            Assert.Throws<InvalidOperationException>(() => buffer.Resize(9_999));
            OtherThread.Run(() => Assert.Throws<InvalidOperationException>(() => buffer.Resize(0)));
            buffer.Resize(10_000);
            buffer.Resize(10_001);
        }

        buffer.Resize(9_999);
        Assert.Equal(9_999, buffer.Length);
    }

    [Fact]
    public void It_may_have_more_elements_than_an_int_counts()
    {
        using var buffer = StableBuffer<byte>.Reserve(1L << 40);
        long length = (1L << 31) + 100;
        buffer.Resize(length);
        using (Borrow<byte> borrow = buffer.Borrow())
        {
            borrow[length - 1] = 1;
            borrow[length - 2] = 2;
        }

        buffer.Resize(length - 1);
        buffer.Resize(length);
        using Borrow<byte> again = buffer.Borrow();
        Assert.Equal((2, 0), (again[length - 2], again[length - 1]));
    }

    [Fact]
    public void Lengths_that_cannot_be_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => StableBuffer<int>.Reserve(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => StableBuffer<int>.Reserve(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => StableBuffer<int>.Reserve(long.MinValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => StableBuffer<int>.Reserve(1L << 61));
        Assert.Throws<ArgumentOutOfRangeException>(() => StableBuffer<byte>.Reserve(long.MaxValue));
        Assert.Throws<OutOfMemoryException>(() => StableBuffer<int>.Reserve(1L << 58));
        using var buffer = StableBuffer<int>.Reserve(10);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Resize(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Resize(11));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Resize(long.MaxValue));
        buffer.Resize(10);
        Assert.Equal(10, buffer.Length);
    }

    [Fact]
    public void When_memory_is_refused_it_is_unchanged()
    {
        var system = new ObservedMemory();
        using var buffer = StableBuffer<byte>.Reserve(1L << 42, null, system);
        buffer.Resize(s_page + 1);
        Fill(buffer, 1);
        system.RefusesAfter = 0;
        Assert.Throws<OutOfMemoryException>(() => buffer.Resize(3 * s_page));
        AssertIntact();
        system.RefusesAfter = 0;
        Assert.Throws<OutOfMemoryException>(() => buffer.Resize(1));
        AssertIntact();
        if (OperatingSystem.IsLinux() && File.ReadAllText("/proc/sys/vm/overcommit_memory").Trim() != "1")
        {
            Assert.Throws<OutOfMemoryException>(() => buffer.Resize(1L << 42));
            AssertIntact();
        }

        buffer.Resize(3 * s_page);
        AssertHolds(buffer, s_page + 1, (2 * s_page) - 1, 0);

        void AssertIntact()
        {
            Assert.Equal(s_page + 1, buffer.Length);
            AssertHolds(buffer, 0, s_page + 1, 1);
        }
    }

    [Fact]
    public void After_Dispose_every_use_is_refused_and_borrows_stay_valid()
    {
        var system = new ObservedMemory();
        var buffer = StableBuffer<int>.Reserve(100, null, system);
        buffer.Resize(100);
        using (Borrow<int> borrow = buffer.Borrow())
        {
            OtherThread.Run(buffer.Dispose);
            borrow.Span.Fill(1);
            AssertRefuses();
            Assert.Equal(0, system.FreedByteCount);
        }

        Assert.Equal(system.ReservedByteCount, system.FreedByteCount);
        buffer.Dispose();
        AssertRefuses();

        void AssertRefuses()
        {
            Assert.True(buffer.IsDisposed);
            Assert.Equal((0, 100), (buffer.Length, buffer.MaximumLength));
            foreach (Action use in new Action[] { () => buffer.Borrow().Dispose(), () => buffer.Resize(10), () => buffer.Resize(100) })
            {
                Assert.Contains(nameof(StableBuffer<>), Assert.Throws<ObjectDisposedException>(use).ObjectName);
            }
        }
    }

    private static void Fill(StableBuffer<byte> buffer, byte value)
    {
        using Borrow<byte> borrow = buffer.Borrow();
        borrow.Span.Fill(value);
    }

    private static void AssertHolds(StableBuffer<byte> buffer, long start, long length, byte value)
    {
        using Borrow<byte> borrow = buffer.Borrow();
        Assert.Equal(-1, length <= 0 ? -1 : borrow.AsSpan(start, (int)length).IndexOfAnyExcept(value));
    }
}
