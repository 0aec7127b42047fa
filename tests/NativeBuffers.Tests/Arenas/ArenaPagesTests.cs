using NativeBuffers.Arenas;

namespace NativeBuffers.Tests.Arenas;

/// <summary>Positions and addresses, at addresses that are never followed.</summary>
public class ArenaPagesTests
{
    private const nint KiB = 1024;

    private static readonly nint s_first = unchecked((nint)0x10_0000_0000);
    private static readonly nint s_second = unchecked((nint)0x20_0000_0000);
    private static readonly nint s_third = unchecked((nint)0x10_0000_1000);
    private static readonly nint s_fourth = unchecked((nint)0x30_0000_0000);
    private static readonly nint s_fifth = unchecked((nint)0x40_0000_0000);

    [Theory]
    [InlineData(8)]
    [InlineData(256 * 1024)]
    [InlineData((256 * 1024) + 8)]
    [InlineData(5_000_000)]
    public void Each_word_of_a_room_is_found_by_its_position_and_no_byte_after_the_room(int byteCount)
    {
        var pages = new ArenaPages();
        pages.Add(s_first, 4000);
        pages.Add(s_second, byteCount);
        pages.Add(s_third, 100);
        foreach (nint offset in new nint[] { 0, 8, 128 * KiB, (256 * KiB) - 8, 256 * KiB, (256 * KiB) + 8, byteCount - 8 })
        {
            if (offset > byteCount - 8)
            {
                continue;
            }

            uint position = pages.PositionOf(s_second + offset);
            Assert.True(pages.TryFind(position, (int)(byteCount - offset), out nint start));
            Assert.Equal(s_second + offset, start);
            Assert.False(pages.TryFind(position, (int)(byteCount - offset) + 1, out _));
        }

        Assert.True(pages.TryFind(pages.PositionOf(s_third + 96), 4, out nint last));
        Assert.Equal(s_third + 96, last);
    }

    [Fact]
    public void A_room_that_was_removed_is_not_found_and_its_positions_are_used_again()
    {
        var pages = new ArenaPages();
        pages.Add(s_first, 4000);
        pages.Add(s_second, 1000 * KiB);
        uint position = pages.PositionOf(s_second + (900 * KiB));
        pages.Remove(s_second, 1000 * KiB);
        Assert.False(pages.TryFind(position, 1, out _));
        pages.Remove(s_fourth, 1000 * KiB);
        Assert.True(pages.TryFind(0, 4000, out _));
        pages.Add(s_fifth, 1000 * KiB);
        Assert.Equal(position, pages.PositionOf(s_fifth + (900 * KiB)));
        Assert.True(pages.TryFind(position, 8, out nint start));
        Assert.Equal(s_fifth + (900 * KiB), start);
    }

    [Fact]
    public void An_address_beyond_the_last_position_has_none_and_the_one_before_has()
    {
        var pages = new ArenaPages();
        nint thirtyTwoGiB = (nint)1 << 35;
        pages.Add(s_first, thirtyTwoGiB + (1000 * KiB));
        Assert.Equal(uint.MaxValue, pages.PositionOf(s_first + thirtyTwoGiB - 8));
        Assert.True(pages.TryFind(uint.MaxValue, 8, out nint start));
        Assert.Equal(s_first + thirtyTwoGiB - 8, start);
        Assert.Throws<InvalidOperationException>(() => pages.PositionOf(s_first + thirtyTwoGiB));
    }

    [Fact]
    public void Without_rooms_nothing_is_found()
    {
        var pages = new ArenaPages();
        Assert.False(pages.TryFind(0, 1, out _));
        Assert.False(pages.TryFind(uint.MaxValue, 1, out _));
    }
}
