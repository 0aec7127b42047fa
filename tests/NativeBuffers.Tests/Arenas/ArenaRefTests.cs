using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Arenas;

/// <summary>References find their elements again, and nothing outside the arena's elements.</summary>
/// <remarks>A reference is a plain element, so uninitialized memory may hold any value as one. The tests make such values.</remarks>
[Collection(ProcessWide.Name)]
[CorrectProgram]
public class ArenaRefTests
{
    [Fact]
    public void Nodes_of_a_tree_find_each_other_in_later_borrows()
    {
        const int Depth = 13;
        using var owner = NativeArenaOwner.Create(64);
        ArenaRef<Node> root;
        using (ArenaBorrow arena = owner.Borrow())
        {
            root = Plant(arena, Depth);
        }

        using (ArenaBorrow arena = owner.Borrow())
        {
            Assert.Equal((1 << (Depth + 1)) - 1, Count(arena, root));
            using ArenaScope scope = arena.BeginScope();
            scope.Allocate<byte>(1000).Fill(0xFF);
            Assert.Equal((1 << (Depth + 1)) - 1, Count(arena, root));
        }

        static ArenaRef<Node> Plant(in ArenaBorrow arena, int depth) =>
            depth == 0 ? arena.NewRef(default(Node))
            : arena.NewRef(new Node { Left = Plant(arena, depth - 1), Right = Plant(arena, depth - 1) });

        static int Count(in ArenaBorrow arena, ArenaRef<Node> node) =>
            node.IsDefault ? 0 : 1 + Count(arena, arena.At(node).Left) + Count(arena, arena.At(node).Right);
    }

    [Fact]
    public void Each_reference_finds_its_own_element_among_elements_of_all_sizes()
    {
        using var owner = NativeArenaOwner.Create(100);
        using ArenaBorrow arena = owner.Borrow();
        var bytes = new List<ArenaRef<byte>>();
        var large = new List<ArenaRef<Sized.HundredThousand>>();
        for (int i = 0; i < 300; i++)
        {
            bytes.Add(arena.NewRef((byte)i));
            _ = arena.Allocate<byte>(i == 200 ? 1_000_000 : i);
            if (i % 60 == 0)
            {
                large.Add(arena.NewRef(default(Sized.HundredThousand)));
                MemoryMarshal.AsBytes(new Span<Sized.HundredThousand>(ref arena.At(large[^1])))[^1] = (byte)i;
            }
        }

        for (int i = 0; i < bytes.Count; i++)
        {
            Assert.Equal((byte)i, arena.At(bytes[i]));
        }

        for (int i = 0; i < large.Count; i++)
        {
            Assert.Equal((byte)(i * 60), MemoryMarshal.AsBytes(new Span<Sized.HundredThousand>(ref arena.At(large[i])))[^1]);
        }
    }

    [Fact]
    public void A_reference_of_another_arena_or_life_is_refused_and_so_is_default()
    {
        using var owner = NativeArenaOwner.Create();
        using var other = NativeArenaOwner.Create();
        ArenaRef<int> old = Planted(owner);
        ArenaRef<int> foreign = Planted(other);
        Assert.IsType<ArgumentException>(Thrown(owner, foreign));
        Assert.IsType<ArgumentException>(Thrown(owner, default));
        Assert.True(default(ArenaRef<int>).IsDefault);
        Assert.False(old.IsDefault);
        Assert.Null(Thrown(owner, old));
        owner.Reset();
        Assert.IsType<ArgumentException>(Thrown(owner, old));
        _ = Planted(owner);
        Assert.IsType<ArgumentException>(Thrown(owner, old));
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0002", Justification = "The test uses a copy of a borrow that has ended, which must refuse.")]
    public void A_borrow_that_has_ended_finds_nothing_and_makes_nothing()
    {
        using var owner = NativeArenaOwner.Create();
        ArenaRef<int> reference = Planted(owner);
        ArenaBorrow arena = owner.Borrow();
        ArenaBorrow copy = arena;
        arena.Dispose();
        Assert.IsType<ObjectDisposedException>(Thrown(copy, reference));
        Assert.IsType<ObjectDisposedException>(Thrown(default(ArenaBorrow), reference));
        using ArenaBorrow next = owner.Borrow();
        Assert.IsType<ObjectDisposedException>(Thrown(copy, reference));
        Assert.Null(Thrown(next, reference));
        Exception? made = null;
        try
        {
            _ = copy.NewRef(1);
        }
        catch (Exception exception)
        {
            made = exception;
        }

        Assert.IsType<ObjectDisposedException>(made);
    }

    [Fact]
    public void Any_32_bits_lead_to_nothing_that_the_arena_keeps_for_itself()
    {
        using var owner = NativeArenaOwner.Create(100);
        using ArenaBorrow arena = owner.Borrow();
        ArenaRef<long> first = arena.NewRef(1L);
        _ = arena.Allocate<byte>(100_000);
        ArenaRef<long> second = arena.NewRef(2L);
        using (ArenaScope scope = arena.BeginScope())
        {
            using ArenaScope inner = scope.BeginScope();
            inner.Allocate<byte>(2_000_000).Clear();
            Scribble(arena, first.Life);
        }

        int accepted = Scribble(arena, first.Life);
        Assert.InRange(accepted, 1000, int.MaxValue);
        Assert.Equal((-1, -1), (arena.At(first), arena.At(second)));

        // The arena is unharmed: it grows, begins and ends scopes, and frees its chunks.
        using (ArenaScope scope = arena.BeginScope())
        {
            scope.Allocate<byte>(1_000_000).Fill(1);
        }

        arena.Allocate<byte>(1_000_000).Fill(1);
        _ = arena.NewRef(3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_element_at_any_32_bits_that_is_held_while_a_scope_begins_is_no_data_of_the_arena(bool hasGrown)
    {
        using var owner = NativeArenaOwner.Create(100_000);
        using ArenaBorrow arena = owner.Borrow();
        ArenaRef<long> last = arena.NewRef(1L);
        if (hasGrown)
        {
            _ = arena.Allocate<byte>(99_000);
            _ = arena.Allocate<byte>(10_000);
            last = arena.NewRef(1L);
        }

        // Memory that the arena has not handed out yet. No reference to such an element is made, but uninitialized memory may have its bits.
        ref Hundred free = ref arena.At(new ArenaRef<Hundred>(last.Position + 1, last.Life));
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<Hundred>(ref free));
        bytes.Fill(0xAA);
        long allocated = arena.AllocatedBytes;
        for (int i = 0; i < 10; i++)
        {
            using ArenaScope scope = arena.BeginScope();
            using ArenaScope inner = scope.BeginScope();
            Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)0xAA));
            Assert.Equal(allocated + 112, arena.AllocatedBytes);
            inner.Allocate<byte>(100_000).Fill(1);
            Assert.Equal(1, arena.At(last));
        }

        Assert.Equal(allocated, arena.AllocatedBytes);
        Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)0xAA));
        Assert.Equal(1, arena.At(last));
    }

    [Fact]
    public void Scopes_after_a_reference_take_the_same_memory_again_and_none_after_a_reset()
    {
        NativeMemoryBudget budget = NativeAllocator.Default.WithLimit(20_000);
        using var owner = NativeArenaOwner.Create(1000, allocator: budget);
        using (ArenaBorrow arena = owner.Borrow())
        {
            ArenaRef<int> kept = arena.NewRef(7);
            for (int i = 0; i < 100; i++)
            {
                using ArenaScope scope = arena.BeginScope();
                _ = scope.New((long)i);
            }

            Assert.Equal(7, arena.At(kept));
        }

        owner.Reset();
        using (ArenaBorrow arena = owner.Borrow())
        {
            long used = budget.UsedBytes;
            using (arena.BeginScope())
            {
                Assert.Equal(used, budget.UsedBytes);
            }

            ArenaRef<int> fresh = arena.NewRef(8);
            Assert.Equal(8, arena.At(fresh));
            using (arena.BeginScope())
            {
                Assert.NotEqual(used, budget.UsedBytes);
                Assert.Equal(8, arena.At(fresh));
            }
        }
    }

    [Fact]
    public void A_value_put_together_from_two_references_finds_an_element_of_the_arena_or_nothing()
    {
        using var owner = NativeArenaOwner.Create();
        using var other = NativeArenaOwner.Create();
        ArenaRef<int> old = Planted(owner);
        ArenaRef<int> foreign = Planted(other);
        owner.Reset();
        ArenaRef<int> fresh = Planted(owner);
        foreach (uint position in (uint[])[0, old.Position, foreign.Position, fresh.Position])
        {
            foreach (uint life in (uint[])[0, old.Life, foreign.Life])
            {
                Assert.IsType<ArgumentException>(Thrown(owner, new ArenaRef<int>(position, life)));
            }

            Assert.Null(Thrown(owner, new ArenaRef<int>(position, fresh.Life)));
        }
    }

    [Fact]
    public void No_life_has_the_number_of_default()
    {
        using var owner = NativeArenaOwner.Create();
        long more = (1L << 32) - (NativeArenaOwner.LastEpoch & uint.MaxValue) - 1;
        Interlocked.Add(ref NativeArenaOwner.LastEpoch, more);
        owner.Reset();
        Assert.NotEqual(0u, Planted(owner).Life);
        Assert.IsType<ArgumentException>(Thrown(owner, default));
    }

    /// <summary>Writes to the elements at many positions: at the starts of pages, and far apart.</summary>
    private static int Scribble(in ArenaBorrow arena, uint life)
    {
        int accepted = 0;
        for (uint page = 0; page < 40; page++)
        {
            for (uint word = 0; word < 3000; word++)
            {
                accepted += TryWrite(arena, new ArenaRef<long>((page << 15) + word, life)) ? 1 : 0;
            }
        }

        for (ulong position = uint.MaxValue; position > 0; position = position * 7 / 8)
        {
            accepted += TryWrite(arena, new ArenaRef<long>((uint)position, life)) ? 1 : 0;
        }

        return accepted;
    }

    private static bool TryWrite(in ArenaBorrow arena, ArenaRef<long> reference)
    {
        try
        {
            arena.At(reference) = -1;
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static ArenaRef<int> Planted(NativeArenaOwner owner)
    {
        using ArenaBorrow arena = owner.Borrow();
        return arena.NewRef(7);
    }

    private static Exception? Thrown(NativeArenaOwner owner, ArenaRef<int> reference)
    {
        using ArenaBorrow arena = owner.Borrow();
        return Thrown(arena, reference);
    }

    private static Exception? Thrown(in ArenaBorrow arena, ArenaRef<int> reference)
    {
        try
        {
            _ = arena.At(reference);
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    [StructLayout(LayoutKind.Sequential, Size = 800)]
    private struct Hundred;

    private struct Node
    {
        public ArenaRef<Node> Left;
        public ArenaRef<Node> Right;
    }
}
