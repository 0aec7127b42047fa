using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Tests.Races;

/// <summary>Arenas that a finalizer makes reachable again are used while the library's own finalizers give them back.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class RevivedArenaRaceTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [SuppressMessage("Ownership", "NB0003", Justification = "Another user may have disposed it: a second disposal frees nothing.")]
    public void A_user_of_a_revived_arena_is_alone_in_its_memory(bool isPoisoning)
    {
        PoisoningAllocator? allocator = isPoisoning ? new() : null;
        var revived = new ConcurrentQueue<NativeArenaOwner>();
        var race = new Race();
        race.Run(Forget, Use, random => Leave(race, random), Live, static _ => Collect());
        while (revived.TryDequeue(out NativeArenaOwner? arena))
        {
            arena.Dispose();
        }

        allocator?.AssertAllCameBack();

        void Forget(Random random)
        {
            ForgetOne(random, random.Next(4));
            if (random.Next(20) == 0)
            {
                Thread.Sleep(1);
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        void ForgetOne(Random random, int chunks)
        {
            var arena = NativeArenaOwner.Create(random.Next(5000), allocator);
            _ = new Keeper(arena, revived);
            if (random.Next(4) != 0)
            {
                using ArenaBorrow borrow = arena.Borrow();
                for (int i = 0; i < chunks; i++)
                {
                    borrow.AllocateUninitialized<long>(random.Next(1500)).Fill(-1);
                }
            }
        }

        void Use(Random random)
        {
            if (revived.TryDequeue(out NativeArenaOwner? arena))
            {
                TryUse(arena, random, isEnded: true);
                if (random.Next(3) != 0)
                {
                    arena.Dispose();
                }
            }
        }

        void Leave(Race race, Random random)
        {
            if (revived.TryDequeue(out NativeArenaOwner? arena))
            {
                race.RunBriefly(() => TryUse(arena, random, isEnded: random.Next(2) == 0));
                if (random.Next(2) == 0)
                {
                    TryUse(arena, random, isEnded: true);
                }
            }
        }

        // The next owners of the arenas' blocks, if the blocks are freed too early.
        void Live(Random random)
        {
            using var owner = NativeMemoryOwner<long>.CreateUninitialized(random.Next(1, 1000), allocator);
            long mark = Mark.Next();
            owner.GetSpan().Fill(mark);
            Mark.Use(owner.GetSpan(), mark, random);
        }
    }

    [SuppressMessage("Ownership", "NB0001", Justification = "The thread that forgets the borrow ends.")]
    private static void TryUse(NativeArenaOwner arena, Random random, bool isEnded)
    {
        try
        {
            if (random.Next(4) == 0)
            {
                arena.Reset();
            }

            ArenaBorrow borrow = arena.Borrow();
            long mark = Mark.Next();
            Span<long> numbers = borrow.AllocateUninitialized<long>(random.Next(1, 1000));
            numbers.Fill(mark);
            ArenaSlice<long> slice = borrow.AllocateSlice<long>(random.Next(1, 1000));
            borrow.AsSpan(slice).Fill(~mark);
            if (random.Next(4) == 0)
            {
                arena.Dispose();
            }

            ArenaScope scope = borrow.BeginScope();
            scope.AllocateUninitialized<long>(random.Next(5000)).Fill(-1);
            Mark.Use(borrow.AsSpan(slice), ~mark, random);
            Mark.Use(numbers, mark, random);
            if (isEnded)
            {
                borrow.Dispose();
            }
        }
        catch (InvalidOperationException)
        {
            // Given back, or in use.
        }
    }

    private static void Collect()
    {
        GC.Collect();
        if (Random.Shared.Next(2) == 0)
        {
            GC.WaitForPendingFinalizers();
        }
    }

    /// <summary>An object pool that takes back forgotten objects.</summary>
    private sealed class Keeper(NativeArenaOwner arena, ConcurrentQueue<NativeArenaOwner> revived)
    {
        ~Keeper() => revived.Enqueue(arena);
    }
}
