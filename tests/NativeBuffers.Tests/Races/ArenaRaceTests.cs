using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Tests.Races;

/// <summary>Many threads use the same arenas, and each thread uses its own arenas at the same time.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class ArenaRaceTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_thread_that_gets_in_is_alone_until_the_end(bool isPoisoning)
    {
        PoisoningAllocator? allocator = isPoisoning ? new() : null;
        Shared current = new(allocator);
        var race = new Race();
        race.Run(Use, Use, Use, Replace);
        current.Owner.Dispose();
        allocator?.AssertAllCameBack();

        void Use(Random random) => Volatile.Read(ref current).TryUse(random);

        void Replace(Random random)
        {
            Shared last = Interlocked.Exchange(ref current, new Shared(allocator));
            for (int i = random.Next(30); i > 0; i--)
            {
                Use(random);
            }

            last.Owner.Dispose();
            Assert.True(last.Owner.IsDisposed);
            Assert.False(last.TryUse(random));
        }
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0001", Justification = "The test forgets the owner.")]
    public void Threads_that_end_leave_forgotten_arenas_and_borrows_to_the_finalizers()
    {
        var allocator = new PoisoningAllocator();
        var race = new Race();
        race.Run(
            _ => race.RunBriefly(() => Leave(new Random())),
            _ => race.RunBriefly(() => Leave(new Random())),
            static random =>
            {
                NativeMemoryCache.Trim();
                if (random.Next(10) == 0)
                {
                    GC.Collect();
                }
            });
        allocator.AssertAllCameBack();

        void Leave(Random random)
        {
            var arena = NativeArena.Create(random.Next(5000), random.Next(2) == 0 ? allocator : null);
            long mark = Mark.Next();
            Span<long> numbers = arena.AllocateUninitialized<long>(random.Next(2000));
            numbers.Fill(mark);
            ArenaBorrow borrow = NativeArenaOwner.Create(random.Next(500), random.Next(2) == 0 ? allocator : null).Borrow();
            Span<long> others = borrow.AllocateUninitialized<long>(random.Next(2000));
            others.Fill(~mark);
            ArenaScope scope = arena.BeginScope();
            scope.AllocateUninitialized<long>(random.Next(50_000)).Fill(-1);
            Mark.Use(numbers, mark, random);
            Mark.Use(others, ~mark, random);
            if (random.Next(2) == 0)
            {
                arena.Dispose();
                borrow.Dispose();
            }
            else if (random.Next(2) == 0)
            {
                borrow.Dispose();
                arena.Dispose();
            }
        }
    }

    [SuppressMessage("Ownership", "NB0003", Justification = "The test is about a second disposal.")]
    private sealed class Shared(NativeAllocator? allocator)
    {
        private readonly List<(ArenaSlice<long> Slice, long Mark)> _slices = [];
        private int _users;

        public NativeArenaOwner Owner { get; } = NativeArenaOwner.Create(100, allocator);

        public bool TryUse(Random random)
        {
            ArenaBorrow arena;
            try
            {
                if (random.Next(50) == 0)
                {
                    Owner.Reset();
                }

                arena = Owner.Borrow();
            }
            catch (InvalidOperationException)
            {
                return false;
            }

            Assert.Equal(1, Interlocked.Increment(ref _users));
            foreach ((ArenaSlice<long> slice, long mark) in _slices.ToArray())
            {
                try
                {
                    Mark.Use(arena.AsSpan(slice), mark, random);
                }
                catch (ArgumentException)
                {
                    // From before a reset.
                    _slices.Clear();
                }
            }

            (ArenaSlice<long> Slice, long Mark) next = (arena.AllocateSlice<long>(random.Next(1, 300)), Mark.Next());
            arena.AsSpan(next.Slice).Fill(next.Mark);
            _slices.Add(next);
            if (random.Next(3) == 0)
            {
                using ArenaScope scope = arena.BeginScope();
                scope.AllocateUninitialized<long>(random.Next(5000)).Fill(-1);
                Mark.Use(arena.AsSpan(next.Slice), next.Mark, random);
            }

            Interlocked.Decrement(ref _users);
            arena.Dispose();
            arena.Dispose();
            return true;
        }
    }
}
