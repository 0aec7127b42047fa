using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using NativeBuffers.Instrumentation;
using NativeBuffers.Instrumented.Tracking;

namespace NativeBuffers.Tests.Diagnostics.Tracking;

[Slow]
[SuppressMessage("Ownership", "NB0001", Justification = "The test forgets the owner.")]
public class LeakScopeTests
{
    public static TheoryData<string> Kinds => [.. OwnerKinds.All.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_live_block_is_named_by_the_line_that_allocated_it(string kind)
    {
        NativeMemoryLeakException? found = null;
        IDisposable scope = NativeMemoryTracker.AssertNoLeaks();
        OwnerKinds.All[kind](() => found = Record.Exception(scope.Dispose) as NativeMemoryLeakException);

        NativeMemoryLeak leak = Assert.Single(Assert.IsType<NativeMemoryLeakException>(found).Leaks);
        Assert.Equal("OwnerKinds.cs", Path.GetFileName(leak.FilePath));
        Assert.EndsWith($"// {kind}", Repository.SourceLine(leak.FilePath, leak.Line));
        Assert.Equal($"OwnerKinds.cs:{leak.Line}", leak.Site);
        Assert.Equal(1, leak.BlockCount);
        Assert.True(leak.ByteCount >= 100);
        Assert.False(leak.IsAbandoned);
        Assert.Contains(leak.ToString(), found.Message);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_freed_block_is_no_leak(string kind)
    {
        using (NativeMemoryTracker.AssertNoLeaks())
        {
            OwnerKinds.All[kind](static () => { });
        }
    }

    [Fact]
    public void An_arena_that_grows_does_not_take_its_line_from_old_memory()
    {
        int other = AllocationSite.At("Other.cs", 7, typeof(long)).Id;
        NativeMemoryLeakException leaked = Assert.Throws<NativeMemoryLeakException>(() => NativeMemoryTracker.AssertNoLeaks(() =>
        {
            // The arena gets this block again, with the numbers in it.
            using (NativeBuffer<int> used = NativeBuffer.CreateUninitialized<int>(57))
            {
                used.Fill(other);
            }

            NativeArena arena = NativeArena.Create(100);
            _ = arena.Allocate<byte>(100_000);
        }));
        Assert.All(leaked.Leaks, static leak => Assert.Equal(nameof(LeakScopeTests) + ".cs", Path.GetFileName(leak.FilePath)));
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0009", Justification = "Nothing keeps the forgotten owner: the collector must find it.")]
    public void An_owner_that_was_forgotten_is_a_leak_though_a_finalizer_freed_it()
    {
        IDisposable scope = NativeMemoryTracker.AssertNoLeaks();
        Forget();
        NativeMemoryLeak leak = Assert.Single(Assert.Throws<NativeMemoryLeakException>(scope.Dispose).Leaks);
        Assert.True(leak.IsAbandoned);
        Assert.Contains("never disposed", leak.ToString());

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget() => NativeMemoryOwner<long>.Create(1000).GetSpan().Fill(1);
    }

    [Fact]
    public void A_forgotten_handle_is_a_leak_too()
    {
        IDisposable scope = NativeMemoryTracker.AssertNoLeaks();
        Forget();
        Assert.True(Assert.Single(Assert.Throws<NativeMemoryLeakException>(scope.Dispose).Leaks).IsAbandoned);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget() => SafeMallocBuffer.Allocate(100).Write(0, 1);
    }

    [Fact]
    public void A_block_that_a_native_method_took_over_is_no_leak()
    {
        nint block;
        using (NativeMemoryTracker.AssertNoLeaks())
        {
            SafeMallocBuffer handle = SafeMallocBuffer.Allocate(100);
            block = handle.DangerousGetHandle();
            handle.SetHandleAsInvalid();
        }

        unsafe
        {
            // SAFETY: the handle has given it up.
            NativeAllocator.Malloc.Free((void*)block, 100);
        }
    }

    [Fact]
    public void A_handle_that_became_an_owner_says_nothing_of_the_block_any_more()
    {
        NativeMemoryOwner<byte> owner;
        IDisposable scope = NativeMemoryTracker.AssertNoLeaks();
        SafeMallocBuffer handle = SafeMallocBuffer.Allocate(100);
        owner = handle.ToOwner<byte>();
        Assert.Throws<ObjectDisposedException>(handle.SetHandleAsInvalid);
        Assert.Single(Assert.Throws<NativeMemoryLeakException>(scope.Dispose).Leaks);
        owner.Dispose();
    }

    [Fact]
    public void Owners_that_are_disposed_on_other_threads_count_as_given_back()
    {
        using (NativeMemoryTracker.AssertNoLeaks())
        {
            var owner = NativeMemoryOwner<int>.Create(100);
            OtherThread.RunApart(owner.Dispose);
        }
    }

    [Theory]
    [InlineData("freed", false)]
    [InlineData("resized", false)]
    [InlineData("adopted", false)]
    [InlineData("freed", true)]
    [InlineData("resized", true)]
    [InlineData("adopted", true)]
    public void Bare_blocks_that_end_outside_of_the_flow_count_as_given_back(string how, bool isByTheFlowsAllocator)
    {
        using (NativeMemoryTracker.AssertNoLeaks())
        {
            NativeAllocator? of = isByTheFlowsAllocator ? NativeAllocator.Default : null;
            nint block;
            unsafe
            {
                // SAFETY: given up below, once.
                block = (nint)NativeAllocator.Default.Allocate(100);
            }

            OtherThread.RunApart(() => BareBlocks.End(how, block, 100, of));
        }
    }

    [Theory]
    [InlineData("freed")]
    [InlineData("resized")]
    [InlineData("adopted")]
    public void A_block_that_another_allocator_divides_is_a_leak_though_its_first_part_came_back(string how)
    {
        var dividing = new DividingAllocator();
        IDisposable scope = NativeMemoryTracker.AssertNoLeaks();
        nint part;
        unsafe
        {
            // SAFETY: given back below, once.
            part = (nint)dividing.Allocate(100);
        }

        OtherThread.RunApart(() => BareBlocks.End(how, part, 100, dividing));
        Assert.Equal(DividingAllocator.ByteCount, Assert.Single(Assert.Throws<NativeMemoryLeakException>(scope.Dispose).Leaks).ByteCount);
        dividing.Dispose();
    }

    [Fact]
    public void A_block_that_a_guard_does_not_take_back_is_still_alive()
    {
        Assert.SkipUnless(Needs.Instrumentation.StartsWith("checked", StringComparison.OrdinalIgnoreCase), "Only a guard refuses to take a block back.");
        IDisposable scope = NativeMemoryTracker.AssertNoLeaks();
        unsafe
        {
            // SAFETY: the test is about the wrong size; the block is freed once.
            NativeAllocator allocator = NativeAllocator.Default;
            void* block = allocator.Allocate(100);
            Assert.Throws<NativeMemoryViolationException>(() => allocator.Free(block, 99));
            Assert.Equal(100, Assert.Single(Assert.Throws<NativeMemoryLeakException>(scope.Dispose).Leaks).ByteCount);
            allocator.Free(block, 100);
        }
    }

    [Fact]
    public async Task Parallel_flows_do_not_see_each_other()
    {
        using var ready = new Barrier(2);
        Task<int> clean = Task.Run(() =>
        {
            using (NativeMemoryTracker.AssertNoLeaks())
            {
                ready.SignalAndWait();
                using var buffer = NativeBuffer.Create<int>(10);
                ready.SignalAndWait();
            }

            return 0;
        }, TestContext.Current.CancellationToken);
        Task<int> lossy = Task.Run(() =>
        {
            IDisposable scope = NativeMemoryTracker.AssertNoLeaks();
            ready.SignalAndWait();
            using var owner = NativeMemoryOwner<int>.Create(10);
            ready.SignalAndWait();
            return Assert.Throws<NativeMemoryLeakException>(scope.Dispose).Leaks.Count;
        }, TestContext.Current.CancellationToken);
        Assert.Equal(0, await clean);
        Assert.Equal(1, await lossy);
    }

    [Fact]
    public async Task A_scope_covers_tasks_and_the_code_after_an_await()
    {
        List<NativeMemoryOwner<int>> kept = [];
        IDisposable scope = NativeMemoryTracker.AssertNoLeaks();
        await Task.Yield();
        kept.Add(NativeMemoryOwner<int>.Create(1));
        await Task.Run(
            async () =>
            {
                await Task.Yield();
                kept.Add(NativeMemoryOwner<int>.Create(2));
            },
            TestContext.Current.CancellationToken);
        NativeMemoryLeakException found = Assert.Throws<NativeMemoryLeakException>(scope.Dispose);
        Assert.Equal(12, found.Leaks.Sum(static leak => leak.ByteCount));
        kept.ForEach(static owner => owner.Dispose());

        // And nothing more when it has ended.
        using var after = NativeMemoryOwner<int>.Create(1);
        scope.Dispose();
    }

    [Fact]
    public void Both_of_two_nested_scopes_see_a_leak_of_the_inner_one_and_the_inner_one_only_its_own()
    {
        IDisposable outer = NativeMemoryTracker.AssertNoLeaks();
        using var first = NativeMemoryOwner<byte>.Create(1);
        IDisposable inner = NativeMemoryTracker.AssertNoLeaks();
        using var second = NativeMemoryOwner<byte>.Create(2);
        Assert.Equal(2, Assert.Single(Assert.Throws<NativeMemoryLeakException>(inner.Dispose).Leaks).ByteCount);
        using var third = NativeMemoryOwner<byte>.Create(4);
        Assert.Equal(7, Assert.Throws<NativeMemoryLeakException>(outer.Dispose).Leaks.Sum(static leak => leak.ByteCount));
    }

    [Fact]
    public async Task The_bodys_exception_comes_through()
    {
        NativeMemoryOwner<int>? kept = null;
        void Fail()
        {
            kept = NativeMemoryOwner<int>.Create(1);
            throw new InvalidDataException();
        }

        Assert.Throws<InvalidDataException>(() => NativeMemoryTracker.AssertNoLeaks(Fail));
        kept!.Dispose();
        await Assert.ThrowsAsync<InvalidDataException>(() => NativeMemoryTracker.AssertNoLeaksAsync(async () =>
        {
            await Task.Yield();
            Fail();
        }));
        kept.Dispose();
        Assert.Throws<NativeMemoryLeakException>(() => NativeMemoryTracker.AssertNoLeaks(() => kept = NativeMemoryOwner<int>.Create(1)));
        kept.Dispose();
        NativeMemoryTracker.AssertNoLeaks(static () => NativeMemoryOwner<int>.Create(1).Dispose());
        await NativeMemoryTracker.AssertNoLeaksAsync(static async () =>
        {
            await Task.Yield();
            NativeMemoryOwner<int>.Create(1).Dispose();
        });
    }

    [Fact]
    public void Two_hundred_blocks_of_one_line_are_one_leak()
    {
        List<NativeMemoryOwner<short>> kept = [];
        var found = Assert.Throws<NativeMemoryLeakException>(() => NativeMemoryTracker.AssertNoLeaks(() =>
        {
            for (int i = 0; i < 200; i++)
            {
                kept.Add(NativeMemoryOwner<short>.Create(10, NativeAllocator.Malloc));
            }
        }));
        NativeMemoryLeak leak = Assert.Single(found.Leaks);
        Assert.Equal((200, 4000, "Malloc", "System.Int16"), (leak.BlockCount, leak.ByteCount, leak.AllocatorName, leak.TypeName));
        kept.ForEach(static owner => owner.Dispose());
    }

    [Fact]
    public async Task A_scope_that_does_not_end_in_its_flow_says_so()
    {
        IDisposable scope = await BeginAsync();
        using var owner = NativeMemoryOwner<int>.Create(1);
        string message = Assert.Throws<InvalidOperationException>(scope.Dispose).Message;
        Assert.Contains("AssertNoLeaksAsync", message);

        // Once only.
        scope.Dispose();

        static async Task<IDisposable> BeginAsync()
        {
            await Task.Yield();
            return NativeMemoryTracker.AssertNoLeaks();
        }
    }

    [Fact]
    public void Scopes_that_end_in_the_wrong_order_throw_and_leave_nothing_open()
    {
        NativeAllocator before = NativeAllocator.Default;
        IDisposable outer = NativeMemoryTracker.AssertNoLeaks();
        IDisposable inner = NativeMemoryTracker.AssertNoLeaks();
        Assert.Throws<InvalidOperationException>(outer.Dispose);
        Assert.NotSame(before, NativeAllocator.Default);
        inner.Dispose();
        Assert.Same(before, NativeAllocator.Default);
    }

    [Fact]
    public async Task A_flow_that_goes_on_after_the_end_is_not_observed()
    {
        NativeAllocator before = NativeAllocator.Default;
        var over = new TaskCompletionSource();
        Task<NativeAllocator>? late = null;
        NativeMemoryTracker.AssertNoLeaks(() => late = LateAsync());
        over.SetResult();
        Assert.Same(before, await late!);

        async Task<NativeAllocator> LateAsync()
        {
            await over.Task.ConfigureAwait(false);
            return NativeAllocator.Default;
        }
    }

    [Fact]
    public async Task A_scope_that_ends_in_a_task_of_its_flow_has_ended_in_the_flow_too()
    {
        NativeAllocator before = NativeAllocator.Default;
        IDisposable scope = NativeMemoryTracker.AssertNoLeaks();
        NativeAllocator instrumented = NativeAllocator.Default;
        Assert.NotSame(before, instrumented);
        await Task.Run(scope.Dispose, TestContext.Current.CancellationToken);
        Assert.Same(before, NativeAllocator.Default);

        // The scope's remains note nothing after its end.
        using var owner = NativeMemoryOwner<int>.Create(1, instrumented);
    }
}
