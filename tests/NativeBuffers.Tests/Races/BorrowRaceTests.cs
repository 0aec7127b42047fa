using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Tests.Races;

/// <summary>Dispose against borrows, on threads that live and threads that end.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class BorrowRaceTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_borrow_has_the_owners_elements_until_the_end(bool isPoisoning)
    {
        PoisoningAllocator? allocator = isPoisoning ? new() : null;
        var current = new MarkedOwner(10, allocator);
        var race = new Race();

        // The two threads that dispose also borrow, on their own home threads: biased owners become shared.
        race.Run(Dispose, Borrow, Borrow, Dispose);
        current.Owner.Dispose();
        allocator?.AssertAllCameBack();

        void Borrow(Random random)
        {
            MarkedOwner owner = Volatile.Read(ref current);
            _ = random.Next(8) == 0 ? owner.TryBorrowTwice(random) : owner.TryBorrow(random);
        }

        void Dispose(Random random)
        {
            var next = new MarkedOwner(MarkedOwner.RandomLength(random), allocator);
            if (random.Next(2) == 0)
            {
                Assert.True(next.TryBorrow(random));
            }

            MarkedOwner last = Interlocked.Exchange(ref current, next);
            for (int i = random.Next(20); i > 0; i--)
            {
                Borrow(random);
            }

            if (random.Next(4) != 0)
            {
                last.Owner.Dispose();
            }
            else
            {
                Assert.True(last.TryDisposeWhileBorrowed(random));
            }

            Assert.False(last.TryBorrow(random));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_shortest_borrows_meet_the_shortest_lives(bool isPoisoning)
    {
        PoisoningAllocator? allocator = isPoisoning ? new() : null;
        var current = new MarkedOwner(1, allocator);
        var race = new Race();
        race.Run(Dispose, Borrow);
        current.Owner.Dispose();
        allocator?.AssertAllCameBack();

        void Borrow(Random random)
        {
            MarkedOwner owner = Volatile.Read(ref current);
            for (int i = 0; i < 100 && owner.TryBorrow(random); i++)
            {
            }
        }

        void Dispose(Random random)
        {
            MarkedOwner last = Interlocked.Exchange(ref current, new MarkedOwner(8, allocator));
            Thread.SpinWait(random.Next(10));
            last.Owner.Dispose();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Borrows_whose_stores_come_late_are_seen_all_the_same(bool isPinned)
    {
        var allocator = new PoisoningAllocator();
        var current = new MarkedOwner(8, allocator);
        byte[] far = new byte[1 << 26];
        var race = new Race();
        race.Run(
            random =>
            {
                var next = new MarkedOwner(8, allocator);
                MarkedOwner last = Interlocked.Exchange(ref current, next);
                Thread.SpinWait(random.Next(30));
                MarkedPin? pin = isPinned ? last.TryPin(random) : null;
                last.Owner.Dispose();
                pin?.End();
            },
            random =>
            {
                MarkedOwner owner = Volatile.Read(ref current);
                bool isOpen = true;
                for (int i = 0; i < 100 && isOpen; i++)
                {
                    // Stores that wait for memory, so that the borrow's own store waits after them.
                    ref byte start = ref far[random.Next(far.Length - 40_000)];
                    for (int j = 0; j < 8; j++)
                    {
                        System.Runtime.CompilerServices.Unsafe.Add(ref start, j * 4160) = 1;
                    }

                    isOpen = owner.TryBorrow(random);
                }
            });
        current.Owner.Dispose();
        allocator.AssertAllCameBack();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [SuppressMessage("Ownership", "NB0001", Justification = "The test forgets the borrow.")]
    public void Threads_that_end_without_ending_their_borrows_keep_no_memory(bool isPoisoning)
    {
        PoisoningAllocator? allocator = isPoisoning ? new() : null;
        var current = new MarkedOwner(10, allocator);
        var race = new Race();
        race.Run(Brief, Brief, Replace, Borrow);
        current.Owner.Dispose();
        allocator?.AssertAllCameBack();

        void Brief(Random random) => race.RunBriefly(
            () =>
            {
                for (int i = random.Next(50); i > 0; i--)
                {
                    Borrow(random);
                    if (random.Next(4) == 0)
                    {
                        Replace(random);
                    }
                }

                for (int i = random.Next(40); i > 0; i--)
                {
                    BorrowForEver(Volatile.Read(ref current));
                }
            });

        void Borrow(Random random) => _ = Volatile.Read(ref current).TryBorrow(random);

        void Replace(Random random)
        {
            var next = new MarkedOwner(MarkedOwner.RandomLength(random), allocator);
            if (random.Next(2) == 0)
            {
                BorrowForEver(next);
            }

            Interlocked.Exchange(ref current, next).Owner.Dispose();
            race.RunBriefly(() => { });
        }

        static void BorrowForEver(MarkedOwner owner)
        {
            try
            {
                _ = owner.Owner.Borrow();
            }
            catch (ObjectDisposedException)
            {
            }
        }
    }
}
