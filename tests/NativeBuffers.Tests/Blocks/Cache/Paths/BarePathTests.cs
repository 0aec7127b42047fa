using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Tests.Blocks.Cache.Paths;

/// <summary>The shortest path of bare blocks asks no hook. So it must not be taken where a hook has to see the block.</summary>
[Collection(ProcessWide.Name)]
public class BarePathTests
{
    private const int Size = 1024;

    public BarePathTests() => Needs.Caches();

    [Fact]
    public void A_flow_hears_of_each_request_on_a_thread_that_has_runs() =>
        OtherThread.Run(
            static () =>
            {
                Give(Take());
                Assert.True(HasRuns());
                Assert.Equal(1, RefusalsInFlow());
                Assert.True(HasRuns());
            });

    [Fact]
    public void A_flow_hears_of_each_request_on_a_thread_whose_cache_has_the_runs_of_an_ended_thread()
    {
        // As many caches as earlier tests may have left: each has runs.
        OtherThread.Together([.. Enumerable.Repeat(static () => Give(Take()), 8)]);
        NativeMemoryCache.Trim();
        OtherThread.Run(static () => Assert.Equal(1, RefusalsInFlow()));
    }

    [Fact]
    public void A_flow_hears_of_the_free_of_its_block_by_the_thread_that_owns_its_run_now()
    {
        bool wasMine = false;
        using (NativeMemoryTracker.AssertNoLeaks())
        {
            nint block = Take();
            OtherThread.RunApart(
                () =>
                {
                    var rest = new List<nint>();
                    do
                    {
                        rest.Add(Take());
                        wasMine = IsMine(block);
                    }
                    while (!wasMine && rest.Count < 10_000);
                    Give(block);
                    rest.ForEach(Give);
                });
        }

        Assert.True(wasMine);
    }

    [Fact]
    public void A_flow_that_got_no_cache_leaves_the_thread_its_own() =>
        OtherThread.Run(
            static () =>
            {
                NativeMemoryOwner<byte>.Create(Size).Dispose();
                FailPoint.Test(static () => true, static () => NativeMemoryTracker.AssertNoLeaks(static () => { }));
                NativeMemoryOwner<byte>? leaked = null;
                Assert.Throws<NativeMemoryLeakException>(
                    () => NativeMemoryTracker.AssertNoLeaks(() => leaked = NativeMemoryOwner<byte>.Create(Size)));
                leaked!.Dispose();
            });

    [Fact]
    public void A_size_of_zero_and_a_large_alignment_have_blocks_of_their_own() =>
        OtherThread.Run(
            static () =>
            {
                Give(Take());
                nint empty = TakeAs(0, 16);
                nint aligned = TakeAs(Size, 4096);
                Assert.Equal(0, aligned % 4096);
                Assert.True(empty != 0 && empty != aligned);
                GiveAs(empty, 0, 16);
                GiveAs(aligned, Size, 4096);
                GiveAs(0, Size, 16);
                Assert.Throws<ArgumentOutOfRangeException>(static () => TakeAs(Size, 24));
            });

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(16 * 1024)]
    public void A_block_that_was_used_is_zero_again_if_it_must_be(int byteCount) =>
        OtherThread.Run(
            () =>
            {
                unsafe
                {
                    for (int i = 0; i < 3; i++)
                    {
                        // SAFETY: the block has this many bytes, and is freed once.
                        void* block = NativeAllocator.Default.Allocate((nuint)byteCount);
                        Assert.Equal(-1, new Span<byte>(block, byteCount).IndexOfAnyExcept((byte)0));
                        new Span<byte>(block, byteCount).Fill(7);
                        NativeAllocator.Default.Free(block, (nuint)byteCount);
                    }
                }
            });

    /// <summary>The requests that the flow of a fault injection has refused, of those that its body made.</summary>
    private static int RefusalsInFlow()
    {
        NativeAllocator plain = NativeAllocator.Default;
        int refusals = 0;
        int runs = 0;
        FaultInjection.ForEachFailure(() =>
        {
            // The first run comes before the flow.
            Assert.Equal(runs++ == 0, ReferenceEquals(plain, NativeAllocator.Default));
            unsafe
            {
                // SAFETY: the block is freed once.
                void* block = plain.TryAllocate(Size, 16, zeroed: false);
                refusals += block == null ? 1 : 0;
                plain.Free(block, Size);
            }
        });
        return refusals;
    }

    private static unsafe bool HasRuns() => BareBins.Mine != null;

    /// <summary>Whether this thread owns the run of a block.</summary>
    private static unsafe bool IsMine(nint block) => BlockRun.Of(block)->OwnerNumber == BareBins.Mine->Number;

    private static nint Take() => TakeAs(Size, 16);

    private static void Give(nint block) => GiveAs(block, Size, 16);

    private static unsafe nint TakeAs(nuint byteCount, nuint alignment) => (nint)NativeAllocator.Default.AllocateUninitialized(byteCount, alignment);

    private static unsafe void GiveAs(nint block, nuint byteCount, nuint alignment) =>
        NativeAllocator.Default.Free((void*)block, byteCount, alignment);
}
