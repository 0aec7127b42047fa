using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Arenas;

/// <summary>Slices find their elements again, and nothing else.</summary>
/// <remarks>
/// A slice is a plain element, so uninitialized memory may hold any value as one. The tests make such values by the internal
/// constructor.
/// </remarks>
[Collection(ProcessWide.Name)]
[CorrectProgram]
public class ArenaSliceTests
{
    [Fact]
    public void Slices_find_their_elements_in_later_borrows()
    {
        using var owner = NativeArenaOwner.Create(100);
        var slices = new List<ArenaSlice<int>>();
        for (int i = 0; i < 200; i++)
        {
            using ArenaBorrow arena = owner.Borrow();
            slices.Add(arena.AllocateSlice<int>(i == 100 ? 100_000 : i));
            Assert.False(arena.AsSpan(slices[i]).ContainsAnyExcept(0));
            arena.AsSpan(slices[i]).Fill(i);
        }

        using ArenaBorrow last = owner.Borrow();
        using ArenaScope scope = last.BeginScope();
        scope.Allocate<byte>(1_000_000).Fill(0xFF);
        for (int i = 0; i < slices.Count; i++)
        {
            Assert.Equal(i == 100 ? 100_000 : i, last.AsSpan(slices[i]).Length);
            Assert.False(last.AsSpan(slices[i]).ContainsAnyExcept(i));
        }
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0002", Justification = "The test uses an owner that has ended, which must refuse.")]
    public void A_slice_of_no_elements_is_good_everywhere_and_a_slice_from_before_a_reset_nowhere()
    {
        using var owner = NativeArenaOwner.Create();
        using var other = NativeArenaOwner.Create();
        ArenaSlice<int> slice;
        ArenaSlice<int> empty;
        using (ArenaBorrow arena = owner.Borrow())
        {
            slice = arena.AllocateSlice<int>(3);
            empty = arena.AllocateSlice<int>(0);
            Assert.Equal(3, arena.AsSpan(slice).Length);
        }

        using (ArenaBorrow arena = other.Borrow())
        {
            _ = arena.AllocateSlice<int>(10);
            Assert.IsType<ArgumentException>(Thrown(arena, slice));
            Assert.True(arena.AsSpan(empty).IsEmpty);
            Assert.True(arena.AsSpan(default(ArenaSlice<int>)).IsEmpty);
        }

        owner.Reset();
        using (ArenaBorrow arena = owner.Borrow())
        {
            _ = arena.AllocateSlice<int>(10);
            Assert.IsType<ArgumentException>(Thrown(arena, slice));
            ArenaBorrow copy = arena;
            ArenaSlice<int> fresh = copy.AllocateSlice<int>(1);
            copy.Dispose();
            Assert.IsType<ObjectDisposedException>(Thrown(arena, fresh));
        }
    }

    [Fact]
    public void Bytes_that_are_no_slice_lead_to_nothing_that_the_arena_keeps_for_itself()
    {
        using var owner = NativeArenaOwner.Create(100);
        using ArenaBorrow arena = owner.Borrow();
        ArenaSlice<byte> inFirst = arena.AllocateSlice<byte>(10);
        ArenaSlice<byte> inSecond = arena.AllocateSlice<byte>(3000);
        _ = arena.AllocateSlice<byte>(100_000);
        int accepted = 0;
        foreach (int chunk in new[] { 0, 1, 2, 3, -1, int.MinValue, int.MaxValue })
        {
            for (int offset = -8; offset < 5000; offset++)
            {
                foreach (int length in new[] { 1, 8, 200, 4000, 100_001, -1, int.MaxValue })
                {
                    if (TryView(arena, new ArenaSlice<byte>(inFirst.Epoch, chunk, (uint)offset, length), out Span<byte> view))
                    {
                        view.Fill(0xFF);
                        accepted++;
                    }
                }
            }
        }

        // The program may write to its own memory, and the arena is unharmed.
        Assert.NotEqual(0, accepted);
        Assert.False(arena.AsSpan(inSecond)[..1000].ContainsAnyExcept((byte)0xFF));
        arena.Allocate<byte>(1_000_000).Fill(1);
        _ = arena.AllocateSlice<byte>(100);
    }

    [Fact]
    public void Bytes_that_are_no_slice_do_not_lead_into_scopes_or_room()
    {
        using var owner = NativeArenaOwner.Create(1000);
        using ArenaBorrow arena = owner.Borrow();
        ArenaSlice<byte> last = arena.AllocateSlice<byte>(10);
        ArenaSlice<byte> longer = Longer(last, 11);
        Assert.IsType<ArgumentException>(Thrown(arena, longer));
        for (int depth = 0; depth < 3; depth++)
        {
            using ArenaScope scope = arena.BeginScope();
            using ArenaScope inner = scope.BeginScope();
            Assert.IsType<ArgumentException>(Thrown(arena, longer));
            Assert.IsType<ArgumentException>(Thrown(arena, Longer(last, 200)));
            _ = inner.Allocate<byte>(100_000);
            _ = inner.Allocate<byte>(2000);
            Assert.IsType<ArgumentException>(Thrown(arena, longer));
            Assert.Equal(10, arena.AsSpan(last).Length);
        }

        _ = arena.Allocate<byte>(1);
        Assert.Equal(11, arena.AsSpan(longer).Length);
    }

    [Fact]
    public void A_value_put_together_from_the_words_of_several_finds_elements_of_the_arena_or_nothing()
    {
        using var owner = NativeArenaOwner.Create(100);
        using var other = NativeArenaOwner.Create(100);
        List<ArenaSlice<byte>> slices = [default, .. Three(other), .. Three(owner)];
        owner.Reset();
        slices.AddRange(Three(owner));
        using ArenaBorrow arena = owner.Borrow();
        using ArenaBorrow others = other.Borrow();
        Span<byte> foreign = others.AsSpan(slices[3]);
        foreign.Fill(1);
        int accepted = 0;
        foreach (ArenaSlice<byte> first in slices)
        {
            foreach (ArenaSlice<byte> second in slices)
            {
                foreach (ArenaSlice<byte> third in slices)
                {
                    if (TryView(arena, Torn(first, second, third), out Span<byte> view))
                    {
                        Assert.True(view.IsEmpty || first.Epoch == slices[^1].Epoch);
                        view.Fill(0xFF);
                        accepted++;
                    }
                }
            }
        }

        Assert.NotEqual(0, accepted);
        Assert.False(foreign.ContainsAnyExcept((byte)1));
        arena.Allocate<byte>(1_000_000).Fill(1);
        Assert.Equal(50_000, arena.AsSpan(slices[^1]).Length);

        static ArenaSlice<byte>[] Three(NativeArenaOwner owner)
        {
            using ArenaBorrow arena = owner.Borrow();
            return [arena.AllocateSlice<byte>(10), arena.AllocateSlice<byte>(3000), arena.AllocateSlice<byte>(50_000)];
        }
    }

    [Fact]
    public void A_slice_from_before_as_many_resets_as_32_bits_can_count_finds_nothing()
    {
        using var owner = NativeArenaOwner.Create();
        ArenaSlice<int> old;
        using (ArenaBorrow arena = owner.Borrow())
        {
            old = arena.AllocateSlice<int>(4);
        }

        // As the resets of other arenas would, which count as well.
        Interlocked.Add(ref NativeArenaOwner.LastEpoch, (1L << 32) - 1 - (NativeArenaOwner.LastEpoch - old.Epoch));
        owner.Reset();
        using ArenaBorrow next = owner.Borrow();
        ArenaSlice<int> fresh = next.AllocateSlice<int>(4);
        Assert.Equal((int)old.Epoch, (int)fresh.Epoch);
        Assert.IsType<ArgumentException>(Thrown(next, old));
        Assert.Equal(4, next.AsSpan(fresh).Length);
    }

    [Fact]
    public void Slices_may_be_elements_of_the_arena()
    {
        using var owner = NativeArenaOwner.Create(64);
        ArenaSlice<Node> root;
        using (ArenaBorrow arena = owner.Borrow())
        {
            root = Plant(arena, depth: 8);
        }

        using (ArenaBorrow arena = owner.Borrow())
        {
            Assert.Equal(255 + 256, Count(arena, root));
        }

        static ArenaSlice<Node> Plant(in ArenaBorrow arena, int depth)
        {
            ArenaSlice<Node> nodes = arena.AllocateSlice<Node>(1);
            if (depth > 0)
            {
                ArenaSlice<Node> left = Plant(arena, depth - 1);
                ArenaSlice<Node> right = Plant(arena, depth - 1);
                arena.AsSpan(nodes)[0] = new Node { Left = left, Right = right };
            }

            return nodes;
        }

        static int Count(in ArenaBorrow arena, ArenaSlice<Node> nodes) =>
            nodes.Length == 0 ? 0 : 1 + Count(arena, arena.AsSpan(nodes)[0].Left) + Count(arena, arena.AsSpan(nodes)[0].Right);
    }

    private static ArenaSlice<byte> Torn(ArenaSlice<byte> first, ArenaSlice<byte> second, ArenaSlice<byte> third)
    {
        var torn = default(ArenaSlice<byte>);
        Words(ref torn)[0] = Words(ref first)[0];
        Words(ref torn)[1] = Words(ref second)[1];
        Words(ref torn)[2] = Words(ref third)[2];
        return torn;
    }

    private static Span<long> Words(ref ArenaSlice<byte> slice) => MemoryMarshal.Cast<ArenaSlice<byte>, long>(new Span<ArenaSlice<byte>>(ref slice));

    private static ArenaSlice<byte> Longer(ArenaSlice<byte> slice, int length) => new(slice.Epoch, slice.Chunk, slice.Offset, length);

    private static Exception? Thrown(in ArenaBorrow arena, ArenaSlice<byte> slice)
    {
        try
        {
            _ = arena.AsSpan(slice);
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    private static Exception? Thrown(in ArenaBorrow arena, ArenaSlice<int> slice)
    {
        try
        {
            _ = arena.AsSpan(slice);
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    private static unsafe bool TryView(in ArenaBorrow arena, ArenaSlice<byte> slice, out Span<byte> view)
    {
        try
        {
            fixed (byte* first = arena.AsSpan(slice))
            {
                view = new Span<byte>(first, slice.Length);
            }

            return true;
        }
        catch (ArgumentException)
        {
            view = default;
            return false;
        }
    }

    private struct Node
    {
        public ArenaSlice<Node> Left;
        public ArenaSlice<Node> Right;
    }
}
