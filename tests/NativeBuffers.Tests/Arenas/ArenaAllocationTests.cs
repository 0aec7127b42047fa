using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Tests.Arenas;

/// <summary>Promises of every arena, scope and borrow, whatever the source of their blocks.</summary>
[CorrectProgram]
public class ArenaAllocationTests
{
    public static MatrixTheoryData<ArenaKind, string> KindsAndSources => new(Enum.GetValues<ArenaKind>(), ArenaSources.Names);

    public static TheoryData<ArenaKind> Kinds => [.. Enum.GetValues<ArenaKind>()];

    [Theory]
    [MemberData(nameof(KindsAndSources))]
    public void Elements_of_all_types_are_zero_aligned_and_apart(ArenaKind kind, string source) =>
        AnyArena.With(
            kind,
            static (in AnyArena arena) =>
            {
                for (int round = 0; round < 30; round++)
                {
                    int length = (round * round * 3) + (round % 3);
                    Check<byte>(arena, length);
                    Check<short>(arena, length);
                    Check<Sized.Three>(arena, length);
                    Check<long>(arena, length);
                    Check<decimal>(arena, length);
                    Check<Vector512<byte>>(arena, round);
                    Check<Sized.Packed1>(arena, round);
                    Check<Sized.Thousand>(arena, round % 4);
                }

                Check<Sized.HundredThousand>(arena, 1);
                Check<Sized.HundredThousand>(arena, 3);
                Check<byte>(arena, 1);
                Check<Sized.HundredThousand>(arena, 0);
            },
            initialBytes: 100,
            ArenaSources.Named(source));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_type_is_aligned_as_C_aligns_it(ArenaKind kind) =>
        AnyArena.With(
            kind,
            static (in AnyArena arena) =>
            {
                Aligned<byte>(arena, 1);
                Aligned<bool>(arena, 1);
                Aligned<char>(arena, 2);
                Aligned<short>(arena, 2);
                Aligned<Half>(arena, 2);
                Aligned<int>(arena, 4);
                Aligned<float>(arena, 4);
                Aligned<Rune>(arena, 4);
                Aligned<Guid>(arena, 4);
                Aligned<long>(arena, 8);
                Aligned<double>(arena, 8);
                Aligned<nint>(arena, 8);
                Aligned<decimal>(arena, 8);
                Aligned<DateTime>(arena, 8);
                Aligned<DateTimeOffset>(arena, 8);
                Aligned<TimeSpan>(arena, 8);
                Aligned<Complex>(arena, 8);
                Aligned<Int128>(arena, 16);
                Aligned<Vector64<int>>(arena, 8);
                Aligned<Vector128<int>>(arena, 16);
                Aligned<Vector256<int>>(arena, Widest(32));
                Aligned<Vector512<int>>(arena, Widest(64));
                Aligned<DayOfWeek>(arena, 4);
                Aligned<Sized.Nothing>(arena, 1);
                Aligned<Sized.Three>(arena, 1);
                Aligned<Sized.Sixteen>(arena, 8);
                Aligned<Sized.Thousand>(arena, 1);
                Aligned<Sized.Packed1>(arena, 1);
                Aligned<Sized.Packed2>(arena, 2);
                Aligned<Sized.Packed128>(arena, 8);
                Aligned<Sized.Mixed>(arena, 16);
                Aligned<Sized.Automatic>(arena, 8);
                Aligned<ArenaSlice<byte>>(arena, 8);
            });

    [Fact]
    public void The_alignment_of_a_type_is_a_power_of_two()
    {
        PowerOfTwo<(byte, byte)>();
        PowerOfTwo<(byte, long)>();
        PowerOfTwo<(byte, short, byte)>();
        PowerOfTwo<(Sized.Three, byte)>();
        PowerOfTwo<KeyValuePair<byte, short>>();
        PowerOfTwo<(DateTime, byte)>();
        PowerOfTwo<Sized.Automatic>();
        PowerOfTwo<Sized.Explicit13>();
        PowerOfTwo<Sized.HundredThousand>();
        PowerOfTwo<(Vector512<byte>, byte)>();
        PowerOfTwo<Vector<byte>>();

        static void PowerOfTwo<T>()
            where T : unmanaged => Assert.True(ulong.IsPow2(AlignmentOf<T>.Value), $"{typeof(T)}: {AlignmentOf<T>.Value}");
    }

    [Theory]
    [MemberData(nameof(KindsAndSources))]
    public void Lengths_that_cannot_be_are_refused_and_nothing_changes(ArenaKind kind, string source) =>
        AnyArena.With(
            kind,
            static (in AnyArena arena) =>
            {
                Span<int> first = arena.Allocate<int>(3);
                first.Fill(1);
                foreach (int length in new[] { -1, -2, int.MinValue, int.MinValue + 1, -4096, -(1 << 30) })
                {
                    Refused<byte>(arena, length);
                    Refused<int>(arena, length);
                    Refused<Sized.Three>(arena, length);
                    Refused<Sized.Thousand>(arena, length);
                    Refused<Sized.HundredThousand>(arena, length);
                    Refused<Vector512<byte>>(arena, length);
                }

                Span<int> second = arena.Allocate<int>(3);
                Assert.True(Unsafe.AreSame(ref Unsafe.Add(ref first[0], 3), ref second[0]));
                Assert.Equal([1, 1, 1], first);
                Assert.Equal([0, 0, 0], second);
            },
            allocator: ArenaSources.Named(source));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_length_beyond_all_memory_is_refused_and_nothing_changes(ArenaKind kind) =>
        AnyArena.With(
            kind,
            static (in AnyArena arena) =>
            {
                Span<int> first = arena.Allocate<int>(3);
                _ = Assert.IsType<OutOfMemoryException>(
                    AnyArena.Thrown(arena, static (in AnyArena each) => each.AllocateUninitialized<Sized.HundredThousand>(int.MaxValue)));
                Span<int> second = arena.Allocate<int>(3);
                Assert.True(Unsafe.AreSame(ref Unsafe.Add(ref first[0], 3), ref second[0]));
            });

    [Theory]
    [MemberData(nameof(KindsAndSources))]
    public void Copies_and_single_elements_have_their_values(ArenaKind kind, string source) =>
        AnyArena.With(
            kind,
            static (in AnyArena arena) =>
            {
                ref long one = ref arena.New(41L);
                Span<char> text = arena.CopyFrom("station".AsSpan());
                ref Vector512<byte> vector = ref arena.New(Vector512.Create((byte)7));
                Span<Sized.HundredThousand> large = arena.CopyFrom<Sized.HundredThousand>(arena.Allocate<Sized.HundredThousand>(3));
                one++;
                Assert.Equal("station", text.ToString());
                Assert.Equal(42, one);
                Assert.Equal(Vector512.Create((byte)7), vector);
                Assert.Equal(3, large.Length);
                Assert.True(arena.CopyFrom(ReadOnlySpan<int>.Empty).IsEmpty);
            },
            initialBytes: 0,
            ArenaSources.Named(source));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Recycled_memory_is_zero_at_every_length(ArenaKind kind)
    {
        for (int round = 0; round < 3; round++)
        {
            AnyArena.With(
                kind,
                static (in AnyArena arena) =>
                {
                    for (int length = 0; length < 400; length++)
                    {
                        Span<byte> bytes = arena.Allocate<byte>(length);
                        Assert.False(bytes.ContainsAnyExcept((byte)0));
                        bytes.Fill(0xEE);
                        arena.AllocateUninitialized<byte>(length % 40).Fill(0xEF);
                    }

                    Span<byte> large = arena.Allocate<byte>(300_000);
                    Assert.False(large.ContainsAnyExcept((byte)0));
                    large.Fill(0xEE);
                });
        }
    }

    [Theory]
    [MemberData(nameof(KindsAndSources))]
    public void Nothing_beside_an_allocation_is_written(ArenaKind kind, string source)
    {
        // Around what there is room for at first, around pages, and around the largest chunk.
        foreach (int middle in new[] { 0, 64, 128, 4096, 8192, 16_384, 65_536, 262_144 })
        {
            for (int length = int.Max(0, middle - 160); length <= middle + 40; length += middle > 8192 ? 13 : 1)
            {
                // Each guarded block is a mapping of its own, so the sources share the lengths then.
                if (InstrumentationSwitch.Guard == GuardMode.Pages && ArenaSources.Names[length % ArenaSources.Names.Count] != source)
                {
                    continue;
                }

                AnyArena.With(kind, (in AnyArena arena) => Surround(arena, length), initialBytes: 200, ArenaSources.Named(source));
            }
        }

        static void Surround(in AnyArena arena, int length)
        {
            Span<byte> before = arena.AllocateUninitialized<byte>(7);
            before.Fill(0xAB);
            Span<byte> bytes = arena.Allocate<byte>(length);
            Span<byte> after = arena.AllocateUninitialized<byte>(5);
            after.Fill(0xCD);
            Span<long> longs = arena.Allocate<long>(3);
            longs.Fill(-1);
            Assert.False(bytes.ContainsAnyExcept((byte)0));
            bytes.Fill(0x11);
            Assert.False(before.ContainsAnyExcept((byte)0xAB));
            Assert.False(after.ContainsAnyExcept((byte)0xCD));
            Assert.False(longs.ContainsAnyExcept(-1));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void One_piece_may_be_larger_than_2_GiB(ArenaKind kind) =>
        AnyArena.With(
            kind,
            static (in AnyArena arena) =>
            {
                Span<byte> before = arena.Allocate<byte>(10);
                Span<long> large = arena.AllocateUninitialized<long>(300_000_000);
                Span<byte> after = arena.Allocate<byte>(10);
                large[0] = 1;
                large[^1] = 2;
                Assert.False(before.ContainsAnyExcept((byte)0));
                Assert.False(after.ContainsAnyExcept((byte)0));
                Assert.True(Unsafe.AreSame(ref Unsafe.Add(ref before[0], 10), ref after[0]));
                Assert.Equal(int.MaxValue, arena.AllocateUninitialized<byte>(int.MaxValue).Length);
            });

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(int.MinValue, 0)]
    [InlineData(0, -1)]
    [InlineData(4096, long.MinValue)]
    public void Negative_numbers_create_no_arena(int initialBytes, long byteLimit)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => { NativeArena.Create(initialBytes, null, byteLimit); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { NativeArena.Create(initialBytes, NativeAllocator.Malloc, byteLimit); });
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeArenaOwner.Create(initialBytes, null, byteLimit));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(262_143)]
    [InlineData(262_145)]
    [InlineData(40_000_000)]
    [InlineData(int.MaxValue)]
    public void There_is_room_for_the_initial_bytes_in_one_block(int initialBytes)
    {
        var allocator = new CustomAllocator();
        using var arena = NativeArena.Create(initialBytes, allocator);
        Assert.Equal(initialBytes, arena.AllocateUninitialized<byte>(initialBytes).Length);
        Assert.Equal(1, allocator.LiveBlocks);
        using var cached = NativeArena.Create(initialBytes);
        Assert.Equal(initialBytes, cached.AllocateUninitialized<byte>(initialBytes).Length);
        Assert.Equal(initialBytes, cached.AllocatedBytes);
    }

    private static unsafe void Check<T>(in AnyArena arena, int length)
        where T : unmanaged
    {
        Span<T> elements = arena.Allocate<T>(length);
        Assert.Equal(length, elements.Length);
        Span<byte> bytes = MemoryMarshal.AsBytes(elements);
        Assert.False(bytes.ContainsAnyExcept((byte)0));
        bytes.Fill(0xFF);
        fixed (T* first = elements)
        {
            Assert.Equal(0UL, (ulong)first % AlignmentOf<T>.Value);
        }

        Span<T> more = arena.AllocateUninitialized<T>(length);
        Assert.False(elements.Overlaps(more));
        MemoryMarshal.AsBytes(more).Fill(0x55);
        Assert.False(bytes.ContainsAnyExcept((byte)0xFF));
    }

    private static unsafe void Aligned<T>(in AnyArena arena, ulong alignment)
        where T : unmanaged
    {
        Assert.Equal(alignment, AlignmentOf<T>.Value);
        for (int i = 0; i < 3; i++)
        {
            _ = arena.Allocate<byte>(1 + i);
            fixed (T* first = arena.Allocate<T>(2))
            {
                Assert.Equal(0UL, (ulong)first % alignment);
            }
        }
    }

    /// <summary>The alignment of a vector of this many bytes: Arm64 has no registers above 16 bytes, and its C has no such types.</summary>
    private static ulong Widest(ulong byteCount) =>
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 16 : byteCount;

    private static void Refused<T>(in AnyArena arena, int length)
        where T : unmanaged
    {
        _ = Assert.IsType<ArgumentOutOfRangeException>(AnyArena.Thrown(arena, (in AnyArena each) => each.Allocate<T>(length)));
        _ = Assert.IsType<ArgumentOutOfRangeException>(AnyArena.Thrown(arena, (in AnyArena each) => each.AllocateUninitialized<T>(length)));
    }
}
