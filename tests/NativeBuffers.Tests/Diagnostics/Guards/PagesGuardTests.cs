using NativeBuffers.Diagnostics.Guards;

namespace NativeBuffers.Tests.Diagnostics.Guards;

/// <summary>Behaviour of <see cref="GuardMode.Pages"/> that does not end the process.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public class PagesGuardTests
{
    private static readonly NativeAllocator s_guarded = NativeAllocator.Malloc.WithGuards(GuardMode.Pages);

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(4095)]
    [InlineData(4097)]
    [InlineData(100_001)]
    public unsafe void An_owners_block_ends_at_a_page(int length)
    {
        using var buffer = NativeBuffer.Create<byte>(length, s_guarded);
        fixed (byte* start = buffer.AsSpan())
        {
            Assert.Equal((nuint)0, ((nuint)start + (nuint)length) % (nuint)Environment.SystemPageSize);
        }

        buffer.Resize(length + 1);
        fixed (byte* start = buffer.AsSpan())
        {
            Assert.Equal((nuint)0, ((nuint)start + (nuint)length + 1) % (nuint)Environment.SystemPageSize);
        }
    }

    [Fact]
    public unsafe void A_block_that_must_start_at_a_cache_line_does()
    {
        using var buffer = NativeBuffer.Create<byte>(100, NativeAllocator.Aligned(64).WithGuards(GuardMode.Pages));
        fixed (byte* start = buffer.AsSpan())
        {
            Assert.Equal((nuint)0, (nuint)start % 64);
        }
    }

    [Fact]
    public unsafe void Blocks_beyond_the_limit_are_served_unguarded_and_counted()
    {
        long before = Unguarded();
        nint[] blocks = new nint[30_000];
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = (nint)s_guarded.Allocate(16);
            *(int*)blocks[i] = i;
        }

        long unguarded = Unguarded() - before;
        if (GuardRecords.HasGuardPages)
        {
            Assert.Equal(0, unguarded);
        }
        else
        {
            Assert.InRange(unguarded, 1, blocks.Length - 10_000);
        }

        for (int i = 0; i < blocks.Length; i++)
        {
            Assert.Equal(i, *(int*)blocks[i]);
            blocks[i] = (nint)s_guarded.Resize((void*)blocks[i], 16, 32);
            Assert.Equal(i, *(int*)blocks[i]);
            s_guarded.Free((void*)blocks[i], 32);
        }

        // And then there is room again.
        before = Unguarded();
        s_guarded.Free(s_guarded.Allocate(16), 16);
        Assert.Equal(before, Unguarded());
    }

    [Theory]
    [InlineData("")]
    [InlineData("protected")]
    public async Task Guard_pages_of_the_kernel_need_no_mappings(string pages)
    {
        Assert.SkipUnless(GuardRecords.HasGuardPages, "The kernel has none.");
        GuardedProgram program = await GuardedProgram.RunAsync("pages", "ManyBlocks", pages: pages);

        Assert.Equal(("", 0, 3), (program.Errors, program.ExitCode, program.Said.Length));
        int mappings = int.Parse(program.Said[0]["mappings ".Length..], null);
        int unguarded = int.Parse(program.Said[1]["unguarded ".Length..], null);
        Assert.Equal(pages.Length == 0, mappings < 1_000);
        Assert.Equal(pages.Length == 0, unguarded == 0);
    }

    [Fact]
    public unsafe void A_guarded_allocator_gets_no_second_guard()
    {
        NativeAllocator ambient = GuardedAllocators.Ambient(s_guarded, GuardMode.Pages);
        Assert.Same(s_guarded, ambient);
        Assert.Same(s_guarded, GuardedAllocators.Ambient(s_guarded, GuardMode.Sampled));
    }

    [Fact]
    public unsafe void A_users_own_allocator_gets_as_many_requests_as_without_guards()
    {
        var counting = new CountingAllocator();
        NativeAllocator guarded = counting.WithGuards(GuardMode.Pages);
        void* block = guarded.Allocate(100);
        Assert.Equal((1, 0), (counting.Allocations, counting.Frees));
        block = guarded.Resize(block, 100, 200);
        Assert.Equal((2, 1), (counting.Allocations, counting.Frees));
        guarded.Free(block, 200);
        Assert.Equal((2, 2), (counting.Allocations, counting.Frees));

        counting.Refuses = true;
        Assert.True(guarded.TryAllocate(100, 16, zeroed: true) == null);
    }

    [Fact]
    public unsafe void A_block_that_the_process_wide_guard_releases_can_be_freed_by_its_allocator()
    {
        NativeAllocator ambient = GuardedAllocators.Ambient(NativeAllocator.HGlobal, GuardMode.Pages);
        byte* block = (byte*)ambient.Obtain(100, 16, zeroed: false);
        new Span<byte>(block, 100).Fill(7);
        byte* released = (byte*)ambient.Release(block, 100, 16);
        Assert.True(released != block);
        Assert.Equal(-1, new Span<byte>(released, 100).IndexOfAnyExcept((byte)7));
        System.Runtime.InteropServices.Marshal.FreeHGlobal((nint)released);
    }

    [Fact]
    public unsafe void Slack_is_checked_on_request_and_reported_once()
    {
        List<NativeMemoryViolation> found = [];
        void Listen(NativeMemoryViolation violation)
        {
            lock (found)
            {
                found.Add(violation);
            }
        }

        byte* block = (byte*)s_guarded.Allocate(100, 16);
        block[100] = 1;
        NativeMemoryGuard.ViolationFound += Listen;
        try
        {
            NativeMemoryGuard.Check();
            NativeMemoryGuard.Check();
        }
        finally
        {
            NativeMemoryGuard.ViolationFound -= Listen;
        }

        s_guarded.Free(block, 100, 16);
        NativeMemoryViolation violation = Assert.Single(found);
        Assert.Equal((NativeMemoryViolationKind.Overflow, 100), (violation.Kind, violation.ByteCount));
        Assert.StartsWith("PagesGuardTests.cs:", violation.AllocatedAt);
    }

    [Fact]
    public unsafe void After_a_thrown_violation_the_block_is_still_its_owners()
    {
        void* block = s_guarded.Allocate(64);
        Assert.Equal(
            NativeMemoryViolationKind.WrongSize,
            Assert.Throws<NativeMemoryViolationException>(() => s_guarded.Free(block, 65)).Violation.Kind);
        Assert.Equal(
            NativeMemoryViolationKind.WrongSize,
            Assert.Throws<NativeMemoryViolationException>(() => { _ = s_guarded.Resize(block, 65, 70); }).Violation.Kind);
        Assert.Equal(
            NativeMemoryViolationKind.WrongAllocator,
            Assert.Throws<NativeMemoryViolationException>(() => NativeAllocator.HGlobal.WithGuards(GuardMode.Pages).Free(block, 64)).Violation.Kind);
        s_guarded.Free(block, 64);
        Assert.Equal(
            NativeMemoryViolationKind.DoubleFree,
            Assert.Throws<NativeMemoryViolationException>(() => s_guarded.Free(block, 64)).Violation.Kind);
    }

    [Fact]
    public async Task Threads_find_their_own_blocks() =>
        await GuardStress.RunAsync(s_guarded, rounds: 3000);

    private static long Unguarded() => NativeMemoryReport.Read(NativeMemoryReport.PathOfThisProcess).UnguardedCount;
}
