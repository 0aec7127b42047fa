using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Trimming;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Tests.Races;

/// <summary>An arena in a slot that its own thread and another gave back at the same moment: see <see cref="ReturnedTwiceRaceTests"/>.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public class ArenaOfSlotReturnedTwiceTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_arena_and_the_queue_that_its_slot_lies_in_leave_each_other_alone(bool isTrimmed)
    {
        Needs.Caches();
        var race = new Race();
        race.RunBriefly(() => Play(isTrimmed));
        race.ThrowIfFailed();
    }

    private static unsafe void Play(bool isTrimmed)
    {
        // Two are queued, so that the first lies under the second; then an arena has the second.
        SharedHandle below = SharedHandle.Open(4096, 1, file: null, line: 0, typeof(byte));
        SharedHandle handle = SharedHandle.Open(4096, 1, file: null, line: 0, typeof(byte));
        nint slot = (nint)handle.Slot;
        Generation opened = handle.Opened;
        Elsewhere(() => below.Return());
        Elsewhere(() => CloseProtocol.Close((Slot*)slot, opened));
        EndedThreads.Reclaim();
        Assert.Equal(SlotState.RemotelyFreed, handle.Slot->Generation.State);
        handle.Slot->Generation = opened.Next;
        handle.Slot->Home->Hot = handle.Slot;
        using (var arena = NativeArena.Create(initialBytes: 3800))
        {
            Span<int> numbers = arena.Allocate<int>(100);
            numbers.Fill(7);
            using ArenaScope scope = arena.BeginScope();
            if (isTrimmed)
            {
                NativeMemoryCache.Trim();
            }
            else
            {
                for (int i = 0; i < 50; i++)
                {
                    Assert.NotEqual(slot, (nint)SharedHandle.Open(4096, 1, file: null, line: 0, typeof(byte)).Slot);
                }
            }

            _ = scope.Allocate<byte>(100_000);
            Assert.False(arena.IsDisposed);
            Assert.False(numbers.ContainsAnyExcept(7));
        }

        using var next = NativeArena.Create(initialBytes: 3800);
        Assert.Equal(0, next.AllocatedBytes);
    }

    private static void Elsewhere(Action body)
    {
        var race = new Race();
        race.RunBriefly(body);
        race.ThrowIfFailed();
    }
}
