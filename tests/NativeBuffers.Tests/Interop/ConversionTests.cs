using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Tests.Interop;

/// <summary>From handle to owner and back: one block, freed once, however calls, conversions and disposals meet.</summary>
[Slow]
[CorrectProgram]
public sealed class ConversionTests : IDisposable
{
    // All delays that two threads have in turn (97 and 101 of them) meet in 9797 rounds. Guard pages make an allocation much slower.
    private static readonly int s_rounds = Needs.Instrumentation.Length > 0 ? 1000 : 10_000;

    private readonly RecordingAllocator _allocator = new();

    /// <summary>After each test.</summary>
    public void Dispose() => _allocator.AssertAllFreed();

    [Fact]
    public void A_block_that_a_call_still_uses_and_an_owner_has_is_not_lost_by_giving_the_handle_up()
    {
        SafeStrictBuffer handle = SafeStrictBuffer.Allocate(100, _allocator);
        bool isUsed = false;
        handle.DangerousAddRef(ref isUsed);
        NativeMemoryOwner<byte> owner = handle.ToOwner<byte>();
        Assert.Throws<ObjectDisposedException>(handle.SetHandleAsInvalid);
        owner.Dispose();
        Assert.Equal(1, _allocator.LiveBlocks);
        handle.DangerousRelease();
        Assert.Equal(0, _allocator.LiveBlocks);
    }

    [Fact]
    public void A_byte_count_that_is_no_whole_number_of_elements_is_refused_and_nothing_changes()
    {
        using SafeStrictBuffer handle = Allocate(10);
        handle.Write(0, (byte)42);
        Assert.Throws<ArgumentException>(() => handle.ToOwner<int>());
        Assert.Throws<ArgumentException>(() => handle.ToOwner<Guid>());
        Assert.Equal(42, handle.Read<byte>(0));
        using NativeMemoryOwner<short> owner = handle.ToOwner<short>();
        Assert.Equal(5, owner.Length);
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0003", Justification = "The test is about a second disposal.")]
    public void After_a_conversion_in_flight_the_last_user_frees_the_block()
    {
        foreach (bool ownerEndsFirst in new[] { true, false })
        {
            SafeStrictBuffer handle = Allocate(4);
            bool isHeld = false;
            handle.DangerousAddRef(ref isHeld);
            NativeMemoryOwner<int> owner = handle.ToOwner<int>();
            handle.Write(0, 42);
            Assert.Equal([42], owner.Memory.ToArray());

            if (ownerEndsFirst)
            {
                owner.Dispose();
                Assert.Equal(42, handle.Read<int>(0));
            }
            else
            {
                handle.DangerousRelease();
                Assert.True(handle.IsClosed);
                Assert.Equal([42], owner.Memory.ToArray());
            }

            Assert.Equal(1, _allocator.LiveBlocks);
            if (ownerEndsFirst)
            {
                handle.DangerousRelease();
                Assert.True(handle.IsClosed);
            }
            else
            {
                owner.Dispose();
            }

            Assert.Equal(0, _allocator.LiveBlocks);
            handle.Dispose();
            owner.Dispose();
            Assert.Equal(0, _allocator.LiveBlocks);
        }
    }

    [Fact]
    public void An_owner_that_grows_leaves_the_old_block_to_the_calls_in_flight()
    {
        SafeStrictBuffer handle = Allocate(8);
        handle.WriteSpan(0, [1, 2]);
        bool isHeld = false;
        handle.DangerousAddRef(ref isHeld);
        NativeMemoryOwner<int> owner = handle.ToOwner<int>();

        owner.Resize(4);
        Assert.Equal(2, _allocator.LiveBlocks);
        handle.WriteSpan(0, [7, 8]); // A call in flight still writes, to its own block.
        Assert.Equal([1, 2, 0, 0], owner.Memory.ToArray());

        handle.DangerousRelease();
        Assert.Equal(1, _allocator.LiveBlocks);

        // Blocks of the size that was just freed, so that its address comes back.
        for (int i = 0; i < 100; i++)
        {
            owner.Resize(2);
            Assert.Equal([1, 2], owner.Memory.ToArray());
            owner.Resize(4);
            Assert.Equal([1, 2, 0, 0], owner.Memory.ToArray());
            Assert.Equal(1, _allocator.LiveBlocks);
        }

        owner.Dispose();
        Assert.Equal(0, _allocator.LiveBlocks);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_handle_that_was_disposed_or_converted_is_not_converted_though_a_call_in_flight_keeps_it_open(bool wasConverted)
    {
        SafeStrictBuffer handle = Allocate(4);
        bool isHeld = false;
        handle.DangerousAddRef(ref isHeld);
        using IDisposable ended = wasConverted ? handle.ToOwner<int>() : handle;
        ended.Dispose();
        Assert.Throws<ObjectDisposedException>(() => handle.ToOwner<int>());
        Assert.Equal(1, _allocator.LiveBlocks);
        handle.DangerousRelease();
        Assert.Equal(0, _allocator.LiveBlocks);
    }

    [Fact]
    public void A_block_in_use_through_an_old_handle_is_not_taken_by_a_new_one()
    {
        SafeStrictBuffer handle = Allocate(4);
        bool isHeld = false;
        handle.DangerousAddRef(ref isHeld);
        using NativeMemoryOwner<int> owner = handle.ToOwner<int>();
        ArgumentException refused = Assert.Throws<ArgumentException>(() => SafeStrictBuffer.FromOwner(owner, _allocator));
        Assert.Contains("in use through a SafeStrictBuffer", refused.Message);
        handle.DangerousRelease();
        Assert.Equal(1, owner.Length);
    }

    [Fact]
    public void A_forgotten_owner_frees_the_handles_block()
    {
        Forget(isInFlight: false);
        Forget(isInFlight: true);
        Collector.Until(() => _allocator.LiveBlocks == 0);
        Assert.Equal(0, _allocator.LiveBlocks);

        [MethodImpl(MethodImplOptions.NoInlining)]
        void Forget(bool isInFlight)
        {
            SafeStrictBuffer handle = Allocate(4);
            bool isHeld = false;
            if (isInFlight)
            {
                handle.DangerousAddRef(ref isHeld);
            }

            _ = handle.ToOwner<int>();
            if (isInFlight)
            {
                handle.DangerousRelease();
            }
        }
    }

    [Fact]
    public void Of_two_conversions_at_once_one_succeeds() => OneOfTwoTakes(AllocateMany(), Convert, ElementOf);

    [Fact]
    public void Of_two_handles_that_want_one_owners_block_one_gets_it() => OneOfTwoTakes(CreateMany(), Take, ElementOf);

    [Fact]
    public void Of_a_conversion_and_a_disposal_at_once_one_ends_the_handle()
    {
        SafeStrictBuffer[] handles = AllocateMany();
        OneTakesOrDisposes(handles, Convert, ElementOf);
        Assert.All(handles, static handle => Assert.True(handle.IsClosed));
    }

    [Fact]
    public void Of_a_handle_and_a_disposal_one_ends_the_owner() => OneTakesOrDisposes(CreateMany(), Take, ElementOf);

    [Fact]
    public void A_conversion_may_meet_reads_of_the_handle_and_the_end_of_its_owner()
    {
        SafeStrictBuffer[] handles = AllocateMany();
        int[] wrong = new int[1];
        Race.RunRounds(
            s_rounds,
            i =>
            {
                try
                {
                    for (int turn = 0; turn < 20; turn++)
                    {
                        // Another value would be another owner's memory.
                        wrong[0] += handles[i].Read<int>(0) == i ? 0 : 1;
                    }
                }
                catch (ObjectDisposedException)
                {
                }
            },
            i =>
            {
                NativeMemoryOwner<int> owner = handles[i].ToOwner<int>();
                wrong[0] += owner.Memory.Span[0] == i ? 0 : 1;
                owner.Dispose();
                NativeMemoryOwner<int>.CreateFrom([-1], _allocator).Dispose();
            });
        Assert.Equal((0, 0), (wrong[0], _allocator.LiveBlocks));
        Assert.All(handles, static handle => Assert.True(handle.IsClosed));
    }

    [Fact]
    public void The_last_call_in_flight_may_end_as_the_owner_does()
    {
        SafeStrictBuffer[] handles = AllocateMany();
        NativeMemoryOwner<int>[] owners = [.. handles.Select(static handle =>
        {
            bool isHeld = false;
            handle.DangerousAddRef(ref isHeld);
            return handle.ToOwner<int>();
        })];
        Race.RunRounds(s_rounds, i => handles[i].DangerousRelease(), i => owners[i].Dispose());
        Assert.Equal(0, _allocator.LiveBlocks);
    }

    [Fact]
    public void A_handle_knows_the_size_of_a_block_that_was_resized_before()
    {
        NativeMemoryOwner<int>[] owners = CreateMany();
        Array.ForEach(owners, static owner => owner.Resize(4));
        Race.RunRounds(
            s_rounds,
            i => Take(owners[i])?.Dispose(), // The allocator knows which size is right.
            i =>
            {
                try
                {
                    owners[i].Resize(1);
                }
                catch (InvalidOperationException)
                {
                    // Taken, or being taken.
                }
            });
        Array.ForEach(owners, static owner => owner.Dispose());
        _allocator.AssertAllFreed();
    }

    private static void OneOfTwoTakes<TFrom, TTo>(TFrom[] from, Func<TFrom, TTo?> take, Func<TTo, int> elementOf)
        where TTo : class, IDisposable
    {
        var taken = new TTo?[2, s_rounds];
        Race.RunRounds(s_rounds, i => taken[0, i] = take(from[i]), i => taken[1, i] = take(from[i]));
        for (int i = 0; i < s_rounds; i++)
        {
            using TTo one = Assert.Single([taken[0, i], taken[1, i]], static one => one is not null)!;
            Assert.Equal(i, elementOf(one));
        }
    }

    private void OneTakesOrDisposes<TFrom, TTo>(TFrom[] from, Func<TFrom, TTo?> take, Func<TTo, int> elementOf)
        where TFrom : IDisposable
        where TTo : class, IDisposable
    {
        var taken = new TTo?[s_rounds];
        Race.RunRounds(s_rounds, i => taken[i] = take(from[i]), i => from[i].Dispose());
        Assert.Equal(taken.Count(static one => one is not null), _allocator.LiveBlocks);
        for (int i = 0; i < s_rounds; i++)
        {
            Assert.Equal(i, taken[i] is { } one ? elementOf(one) : i);
            taken[i]?.Dispose();
        }
    }

    private static int ElementOf(NativeMemoryOwner<int> owner) => Assert.Single(owner.Memory.ToArray());

    private static int ElementOf(SafeStrictBuffer handle) => handle.Read<int>(0);

    private static NativeMemoryOwner<int>? Convert(SafeStrictBuffer handle)
    {
        try
        {
            return handle.ToOwner<int>();
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }

    private SafeStrictBuffer? Take(NativeMemoryOwner<int> owner)
    {
        try
        {
            return SafeStrictBuffer.FromOwner(owner, _allocator);
        }
        catch (InvalidOperationException)
        {
            // Disposed, or in use by the other one, which looks whether it wants it.
            return null;
        }
    }

    private NativeMemoryOwner<int>[] CreateMany() =>
        [.. Enumerable.Range(0, s_rounds).Select(i => NativeMemoryOwner<int>.CreateFrom([i], _allocator))];

    private SafeStrictBuffer Allocate(long byteCount) => SafeStrictBuffer.Allocate(byteCount, _allocator);

    private SafeStrictBuffer[] AllocateMany() =>
    [
        .. Enumerable.Range(0, s_rounds).Select(i =>
        {
            SafeStrictBuffer handle = Allocate(4);
            handle.Write(0, i);
            return handle;
        }),
    ];
}
