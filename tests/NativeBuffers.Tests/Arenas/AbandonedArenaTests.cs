using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Tests.Arenas;

/// <summary>Arenas that were never disposed, on threads that end.</summary>
[Collection(ProcessWide.Name)]
[CorrectProgram]
public class AbandonedArenaTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [SuppressMessage("Ownership", "NB0001", Justification = "The test forgets the owner.")]
    public void Arenas_that_were_never_disposed_are_freed_when_their_thread_has_ended(int scopes)
    {
        Needs.Caches();
        using NoCollections quiet = NoCollections.Begin();
        var allocator = new RecordingAllocator();
        NativeMemoryCache.Trim();
        long cached = NativeMemoryCache.CachedBytes;
        long before = NativeMemoryTracker.AbandonedCount;
        OtherThread.Run(
            () =>
            {
                foreach (NativeAllocator? source in new[] { null, allocator })
                {
                    var arena = NativeArena.Create(1000, source);
                    _ = arena.Allocate<byte>(10_000);
                    if (scopes > 0)
                    {
                        ArenaScope scope = arena.BeginScope();
                        _ = scope.Allocate<byte>(100_000);
                        if (scopes > 1)
                        {
                            scope.BeginScope().Allocate<byte>(500_000).Fill(1);
                        }
                    }
                }

                // Begun and ended before, so that the last ticket is not the current one.
                var other = NativeArena.Create(1000, allocator);
                for (int i = 0; i < 10; i++)
                {
                    other.BeginScope().Dispose();
                }

                Assert.Equal(scopes + 3, allocator.LiveBlocks);
            });
        NativeMemoryCache.Trim();
        allocator.AssertAllFreed();
        Assert.Equal((2 * (scopes + 2)) + 1, NativeMemoryTracker.AbandonedCount - before);

        // Less, if a thread with kept blocks has ended meanwhile.
        Assert.InRange(NativeMemoryCache.CachedBytes, 0, cached);
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0001", Justification = "The test forgets the owner.")]
    public void Arenas_of_threads_that_end_are_freed_while_other_threads_run()
    {
        var allocator = new RecordingAllocator();
        var isOver = new ManualResetEventSlim();
        var steady = new Thread(
            () =>
            {
                using var arena = NativeArena.Create(500, allocator);
                Span<int> numbers = arena.Allocate<int>(5000);
                numbers.Fill(1);
                while (!isOver.IsSet)
                {
                    using ArenaScope scope = arena.BeginScope();
                    scope.Allocate<int>(5000).Fill(2);
                    Assert.False(numbers.ContainsAnyExcept(1));
                }
            });
        steady.Start();
        for (int i = 0; i < 50; i++)
        {
            OtherThread.Together(Forget, Forget);
            if (i % 5 == 0)
            {
                NativeMemoryCache.Trim();
            }
        }

        isOver.Set();
        steady.Join();
        NativeMemoryCache.Trim();
        allocator.AssertAllFreed();

        void Forget()
        {
            NativeArena.Create(500, allocator).BeginScope().Allocate<int>(5000).Fill(3);
            NativeArena.Create(500).Allocate<int>(5000).Fill(4);
        }
    }

    [Fact]
    public void The_first_use_of_a_thread_may_be_an_arena()
    {
        for (int i = 0; i < 5; i++)
        {
            OtherThread.Run(
                static () =>
                {
                    using var arena = NativeArena.Create();
                    arena.Allocate<int>(100_000).Fill(1);
                });
        }
    }
}
