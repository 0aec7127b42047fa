using System.Diagnostics.CodeAnalysis;
using System.Runtime.Intrinsics;

namespace NativeBuffers.Tests.Arenas;

/// <summary>A limit is exact to the byte, wherever the bytes are.</summary>
public class ArenaLimitTests
{
    /// <summary>The bytes that an open scope itself uses.</summary>
    private const int Mark = 56;

    public static MatrixTheoryData<int, int, int> LimitsAndPieces => new(
        [0, 1, 7, 64, 4095, 4096, 4097, 10_000, 300_000, 1_000_000],
        [0, 100, 4096, 300_000],
        [1, 13, 1000, 70_000, 280_000]);

    [Theory]
    [MemberData(nameof(LimitsAndPieces))]
    public void The_limit_is_the_exact_number_of_bytes_that_are_handed_out(int limit, int initialBytes, int piece)
    {
        using var arena = NativeArena.Create(initialBytes, byteLimit: limit);
        int left = limit;
        int wrong = 0;
        while (left >= piece)
        {
            _ = arena.AllocateUninitialized<byte>(piece);
            left -= piece;
            wrong += limit - left == arena.AllocatedBytes ? 0 : 1;
        }

        Assert.Equal(0, wrong);
        AssertFull(arena, left + 1);
        AssertFull(arena, int.MaxValue);
        Assert.Equal(left, arena.Allocate<byte>(left).Length);
        AssertFull(arena, 1);
        Assert.Equal(limit, arena.AllocatedBytes);
        Assert.True(arena.Allocate<byte>(0).IsEmpty);
        Assert.True(arena.Allocate<long>(0).IsEmpty);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(14)]
    [InlineData(15)]
    public void Random_pieces_add_up_to_the_limit(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 200; round++)
        {
            int limit = random.Next(500_000);
            using var arena = NativeArena.Create(random.Next(5000), byteLimit: limit);
            long before = 0;
            for (int i = 0; i < 40; i++)
            {
                int length = random.Next(8) == 0 ? random.Next(300_000) : random.Next(3000);
                try
                {
                    arena.AllocateUninitialized<byte>(length).Clear();
                    before += length;
                }
                catch (OutOfMemoryException)
                {
                    Assert.True(before + length > limit);
                }

                Assert.Equal(before, arena.AllocatedBytes);
            }

            Assert.Equal(limit - before, arena.AllocateUninitialized<byte>((int)(limit - before)).Length);
            AssertFull(arena, 1);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5000)]
    [InlineData(300_000)]
    [SuppressMessage("Ownership", "NB0001", Justification = "The scope cannot begin.")]
    public void A_scope_counts_and_gives_all_back(int within)
    {
        int limit = 100 + Mark + within;
        using var arena = NativeArena.Create(16, byteLimit: limit);
        _ = arena.Allocate<byte>(96);
        for (int i = 0; i < 5; i++)
        {
            using (ArenaScope scope = arena.BeginScope())
            {
                Assert.Equal(96 + Mark, arena.AllocatedBytes);
                Assert.Equal(within + 4, scope.Allocate<byte>(within + 4).Length);
                Assert.Equal(limit, arena.AllocatedBytes);
                Assert.IsType<OutOfMemoryException>(Record(scope, 1));
                try
                {
                    _ = scope.BeginScope();
                    Assert.Fail("There is no room for a scope.");
                }
                catch (OutOfMemoryException)
                {
                }

                // The scope that could not begin hides nothing.
                _ = scope.Allocate<byte>(0);
            }

            Assert.Equal(96, arena.AllocatedBytes);
        }

        _ = arena.Allocate<byte>(limit - 96);
        AssertFull(arena, 1);

        static Exception? Record(in ArenaScope scope, int length)
        {
            try
            {
                _ = scope.Allocate<byte>(length);
                return null;
            }
            catch (Exception exception)
            {
                return exception;
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4000)]
    public void A_request_that_the_limit_refuses_takes_no_block(int initialBytes)
    {
        var allocator = new CustomAllocator();
        int limit = initialBytes + 67;
        using var arena = NativeArena.Create(initialBytes, allocator, limit);
        _ = arena.Allocate<byte>(initialBytes + 3);
        for (int i = 0; i < 100; i++)
        {
            // The elements would fit, but not with what aligns them.
            try
            {
                _ = arena.Allocate<Vector512<byte>>(1);
                break;
            }
            catch (OutOfMemoryException)
            {
            }
        }

        Assert.InRange(allocator.LiveBlocks, 1, 2);
        long left = limit - arena.AllocatedBytes;
        Assert.InRange(left, 0, 64);
        Assert.Equal(left, arena.Allocate<byte>((int)left).Length);
        Assert.Equal(limit, arena.AllocatedBytes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    public void No_elements_fit_into_an_arena_that_is_full_and_take_no_block(int limit)
    {
        var allocator = new CustomAllocator();
        using var arena = NativeArena.Create(limit, allocator, limit);
        _ = arena.Allocate<byte>(limit);
        for (int i = 0; i < 3; i++)
        {
            Assert.True(arena.Allocate<byte>(0).IsEmpty);
            Assert.True(arena.Allocate<long>(0).IsEmpty);
            Assert.True(arena.Allocate<Vector512<byte>>(0).IsEmpty);
            Assert.True(arena.AllocateUninitialized<Vector512<byte>>(0).IsEmpty);
            Assert.True(arena.CopyFrom<decimal>([]).IsEmpty);
        }

        Assert.Equal(limit, arena.AllocatedBytes);
        Assert.Equal(1, allocator.LiveBlocks);
    }

    [Fact]
    public void The_limit_of_an_owner_survives_borrows_and_resets()
    {
        using var owner = NativeArenaOwner.Create(100, byteLimit: 300_000);
        for (int i = 0; i < 3; i++)
        {
            using (ArenaBorrow arena = owner.Borrow())
            {
                _ = arena.Allocate<byte>(290_000);
            }

            using (ArenaBorrow arena = owner.Borrow())
            {
                _ = arena.AllocateSlice<byte>(10_000);
                Assert.Equal(300_000, arena.AllocatedBytes);
                try
                {
                    _ = arena.AllocateSlice<byte>(1);
                    Assert.Fail("The limit was reached.");
                }
                catch (OutOfMemoryException)
                {
                }
            }

            owner.Reset();
        }
    }

    private static void AssertFull(in NativeArena arena, int length)
    {
        long before = arena.AllocatedBytes;
        try
        {
            _ = arena.Allocate<byte>(length);
            Assert.Fail($"{length} bytes more than the limit.");
        }
        catch (OutOfMemoryException)
        {
        }

        Assert.Equal(before, arena.AllocatedBytes);
    }
}
