using System.Runtime.CompilerServices;

namespace NativeBuffers.Tests.Diagnostics.Guards;

/// <summary>Each wrong use of a bare block is thrown, with the lines that allocated and freed the block.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public sealed class CheckedBlockTests : IDisposable
{
    private const string Here = nameof(CheckedBlockTests) + ".cs:";

    private static readonly CustomAllocator s_custom = new();

    /// <summary>A full collection reports damage of blocks of a user's own allocator, and gives them back: the test would not find it.</summary>
    private NoCollections? _quiet;

    public static TheoryData<string, int, int> Blocks
    {
        get
        {
            var blocks = new TheoryData<string, int, int>();
            foreach (string allocator in (string[])["Default", "Malloc", "Aligned(64)", "Pages", "PinnedHeap", "Custom"])
            {
                foreach (int size in (int[])[0, 1, 15, 64, 100, 4096, 5000, 40_000, 300_000])
                {
                    blocks.Add(allocator, size, 16);
                }

                blocks.Add(allocator, 100, 4096);
            }

            return blocks;
        }
    }

    public void Dispose() => _quiet?.Dispose();

    [Theory]
    [MemberData(nameof(Blocks))]
    public unsafe void A_byte_written_after_a_block_is_found_when_it_is_freed(string name, int size, int alignment)
    {
        NativeAllocator guard = Guard(name);
        foreach (int distance in (int[])[0, 1, 15, 40, 63])
        {
            byte* block = (byte*)guard.Allocate((nuint)size, (nuint)alignment);
            int allocated = Line() - 1;
            block[size + distance] = 1;

            NativeMemoryViolation found = Find(() => guard.Free(block, (nuint)size, (nuint)alignment));

            Assert.Equal(NativeMemoryViolationKind.Overflow, found.Kind);
            Assert.Equal(((nuint)block, (long)size), (found.Address, found.ByteCount));
            Assert.Equal((Here + allocated, Here + (allocated + 4)), (found.AllocatedAt, found.FreedAt));
            Assert.StartsWith($"Overflow: 1 byte past a {size:N0}-byte block was overwritten", found.Message);
            Assert.EndsWith($"Allocated at {found.AllocatedAt}; freed at {found.FreedAt}.", found.Message);
            Assert.Equal(NativeMemoryViolationKind.DoubleFree, Find(() => guard.Free(block, (nuint)size, (nuint)alignment)).Kind);
        }
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public unsafe void A_byte_written_before_a_block_is_found_when_it_is_freed(string name, int size, int alignment)
    {
        NativeAllocator guard = Guard(name);
        foreach (int distance in (int[])[1, 2, 16])
        {
            byte* block = (byte*)guard.AllocateUninitialized((nuint)size, (nuint)alignment);
            int allocated = Line() - 1;
            block[-distance] = 1;

            NativeMemoryViolation found = Find(() => guard.Free(block, (nuint)size, (nuint)alignment));

            Assert.Equal(NativeMemoryViolationKind.Underflow, found.Kind);
            Assert.Equal((Here + allocated, Here + (allocated + 4)), (found.AllocatedAt, found.FreedAt));
            Assert.Equal(
                $"Underflow: 1 byte before a {size:N0}-byte block was overwritten. Allocated at {found.AllocatedAt}; freed at {found.FreedAt}.",
                found.Message);
        }
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public unsafe void A_header_that_was_overwritten_is_found(string name, int size, int alignment)
    {
        NativeAllocator guard = Guard(name);
        for (int distance = 17; distance <= 64; distance++)
        {
            byte* block = (byte*)guard.Allocate((nuint)size, (nuint)alignment);
            block[-distance] ^= 0x20;

            NativeMemoryViolation found = Find(() => guard.Free(block, (nuint)size, (nuint)alignment));

            Assert.Equal(NativeMemoryViolationKind.CorruptedHeader, found.Kind);
            Assert.StartsWith(Here, found.FreedAt);
            block[-distance] ^= 0x20;
            guard.Free(block, (nuint)size, (nuint)alignment);
        }
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public unsafe void A_block_that_is_freed_twice_is_reported_with_three_lines(string name, int size, int alignment)
    {
        NativeAllocator guard = Guard(name);
        byte* block = (byte*)guard.Allocate((nuint)size, (nuint)alignment);
        int allocated = Line() - 1;
        guard.Free(block, (nuint)size, (nuint)alignment);

        NativeMemoryViolation found = Find(() => guard.Free(block, (nuint)size, (nuint)alignment));

        Assert.Equal(NativeMemoryViolationKind.DoubleFree, found.Kind);
        Assert.Equal((Here + allocated, Here + (allocated + 2)), (found.AllocatedAt, found.FreedAt));
        Assert.EndsWith($"Allocated at {found.AllocatedAt}; freed at {found.FreedAt}; again at {Here}{allocated + 4}.", found.Message);
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public unsafe void A_block_that_is_freed_with_a_wrong_size_stays_in_use(string name, int size, int alignment)
    {
        NativeAllocator guard = Guard(name);
        byte* block = (byte*)guard.Allocate((nuint)size, (nuint)alignment);

        NativeMemoryViolation found = Find(() => guard.Free(block, (nuint)size + 1, (nuint)alignment));

        Assert.Equal((NativeMemoryViolationKind.WrongSize, (long)size), (found.Kind, found.ByteCount));
        guard.Free(block, (nuint)size, (nuint)alignment);
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public unsafe void A_block_of_another_guard_stays_in_use(string name, int size, int alignment)
    {
        NativeAllocator guard = Guard(name);
        NativeAllocator other = name == "Malloc" ? Guard("Default") : Guard("Malloc");
        byte* block = (byte*)other.Allocate((nuint)size, (nuint)alignment);
        int allocated = Line() - 1;

        NativeMemoryViolation found = Find(() => guard.Free(block, (nuint)size, (nuint)alignment));

        Assert.Equal(NativeMemoryViolationKind.WrongAllocator, found.Kind);
        if (name is not ("Pages" or "PinnedHeap" or "Custom"))
        {
            Assert.Equal(Here + allocated, found.AllocatedAt);
            Assert.Contains($"of {other.Name} was given to {guard.Name}", found.Message);
        }

        other.Free(block, (nuint)size, (nuint)alignment);
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public unsafe void A_block_that_no_guard_allocated_is_reported(string name, int size, int alignment)
    {
        NativeAllocator guard = Guard(name);
        byte* memory = stackalloc byte[1024];
        byte* block = (byte*)(((nuint)memory + 512) & ~(nuint)63);

        NativeMemoryViolation found = Find(() => guard.Free(block, (nuint)size, (nuint)alignment));
        Assert.Equal(NativeMemoryViolationKind.WrongAllocator, found.Kind);
        Assert.Contains("never gave out", found.Message);
        Assert.Equal(NativeMemoryViolationKind.WrongAllocator, Find(() => guard.Free(block + 1, (nuint)size, (nuint)alignment)).Kind);
    }

    /// <summary>One check for all: it looks at each block of each guard, and all tests of this class leave some.</summary>
    [Fact]
    public unsafe void Writes_after_the_free_are_found_by_a_check_with_both_lines()
    {
        List<(nuint Block, int Size, int Line)> spoiled = [];
        foreach ((string name, int size, int alignment) in Blocks.Select(static row => row.Data))
        {
            NativeAllocator guard = Guard(name);
            byte* block = (byte*)guard.Allocate((nuint)size, (nuint)alignment);
            spoiled.Add(((nuint)block, size, Line() - 1));
            guard.Free(block, (nuint)size, (nuint)alignment);
            block[size / 2] = 1;
        }

        List<NativeMemoryViolation> all = Listen(NativeMemoryGuard.Check);
        List<NativeMemoryViolation> again = Listen(NativeMemoryGuard.Check);
        foreach ((nuint block, int size, int line) in spoiled)
        {
            NativeMemoryViolation found = Assert.Single(all, each => each.Address == block);
            Assert.Equal((NativeMemoryViolationKind.WriteAfterFree, (long)size), (found.Kind, found.ByteCount));
            Assert.Equal((Here + line, Here + (line + 2)), (found.AllocatedAt, found.FreedAt));
            Assert.DoesNotContain(again, each => each.Address == block);
        }
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public unsafe void A_write_after_free_is_found_before_the_block_is_used_again(string name, int size, int alignment)
    {
        NativeAllocator guard = Guard(name);
        byte* block = (byte*)guard.Allocate((nuint)size, (nuint)alignment);
        guard.Free(block, (nuint)size, (nuint)alignment);
        block[size / 2] = 1;

        NativeMemoryViolation found = Find(
            () =>
            {
                for (int i = 0; i < 3000; i++)
                {
                    void* other = guard.Allocate((nuint)size, (nuint)alignment);
                    Assert.True(other != block);
                    guard.Free(other, (nuint)size, (nuint)alignment);
                }
            });

        Assert.Equal((NativeMemoryViolationKind.WriteAfterFree, (nuint)block), (found.Kind, found.Address));
        Assert.StartsWith(Here, found.FreedAt);
    }

    [Fact]
    public unsafe void Writes_through_addresses_from_before_a_resize_are_found()
    {
        List<(nuint Block, int Line)> spoiled = [];
        foreach ((string name, int size, int alignment) in Blocks.Select(static row => row.Data))
        {
            NativeAllocator guard = Guard(name);
            byte* block = (byte*)guard.Allocate((nuint)size, (nuint)alignment);
            spoiled.Add(((nuint)block, Line() - 1));
            byte* moved = (byte*)guard.Resize(block, (nuint)size, (nuint)size + 1, (nuint)alignment);
            Assert.True(moved != block);
            block[size / 2] = 1;
            guard.Free(moved, (nuint)size + 1, (nuint)alignment);
        }

        List<NativeMemoryViolation> all = Listen(NativeMemoryGuard.Check);
        foreach ((nuint block, int line) in spoiled)
        {
            NativeMemoryViolation found = Assert.Single(all, each => each.Address == block);
            Assert.Equal((NativeMemoryViolationKind.WriteAfterFree, Here + line), (found.Kind, found.AllocatedAt));
            Assert.StartsWith("by a resize on thread ", found.FreedAt);
        }
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public unsafe void A_damaged_block_is_not_resized(string name, int size, int alignment)
    {
        NativeAllocator guard = Guard(name);
        byte* block = (byte*)guard.Allocate((nuint)size, (nuint)alignment);
        byte before = block[size];
        block[size] = 1;
        Assert.Equal(NativeMemoryViolationKind.Overflow, Find(() => guard.Resize(block, (nuint)size, (nuint)size * 2, (nuint)alignment)).Kind);
        block[size] = before;
        guard.Free(block, (nuint)size, (nuint)alignment);
    }

    [Fact]
    public unsafe void Blocks_that_are_not_zeroed_hold_a_pattern()
    {
        byte* block = (byte*)Guard("Malloc").AllocateUninitialized(100);
        Assert.Equal(-1, new Span<byte>(block, 100).IndexOfAnyExcept((byte)0xCD));
        Guard("Malloc").Free(block, 100);
        Assert.Equal(-1, new Span<byte>(block, 100).IndexOfAnyExcept((byte)0xFD));
    }

    [Fact]
    public void An_allocator_that_lives_forever_has_one_guard()
    {
        Assert.Same(Guard("Malloc"), Guard("Malloc"));
        Assert.NotSame(Guard("Malloc"), Guard("Default"));
    }

    private NativeAllocator Guard(string name)
    {
        if (name == "Custom")
        {
            _quiet ??= NoCollections.BeginUnsettled();
        }

        NativeAllocator inner = name switch
        {
            "Malloc" => NativeAllocator.Malloc,
            "Aligned(64)" => NativeAllocator.Aligned(64),
            "Pages" => NativeAllocator.Pages,
            "PinnedHeap" => NativeAllocator.PinnedHeap,
            "Custom" => s_custom,
            _ => NativeAllocator.Default,
        };
        return inner.WithGuards(GuardMode.Checked);
    }

    private static NativeMemoryViolation Find(Action action) => Assert.Throws<NativeMemoryViolationException>(action).Violation;

    private static List<NativeMemoryViolation> Listen(Action action)
    {
        List<NativeMemoryViolation> found = [];
        NativeMemoryGuard.ViolationFound += Add;
        action();
        NativeMemoryGuard.ViolationFound -= Add;
        return found;

        void Add(NativeMemoryViolation violation) => found.Add(violation);
    }

    private static int Line([CallerLineNumber] int line = 0) => line;
}
