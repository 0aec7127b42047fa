using System.Collections.Concurrent;

namespace NativeBuffers.Tests.Races;

/// <summary>Closes that wait for a common barrier, and slots on their way home, against borrows and against threads that trim or end.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class OutboxRaceTests
{
    [Fact]
    public void Closes_that_wait_free_no_borrowed_block()
    {
        MarkedOwner[] current = [.. Enumerable.Range(0, 4).Select(static _ => new MarkedOwner(8, allocator: null))];
        new Race().Run(Replace, Borrow, Borrow, Trim);
        Array.ForEach(current, static owner => owner.Owner.Dispose());

        // Only this thread disposes, and most owners were borrowed by another one: nearly each close waits.
        void Replace(Random random)
        {
            ref MarkedOwner place = ref current[random.Next(current.Length)];
            MarkedOwner last = Interlocked.Exchange(ref place, new MarkedOwner(8, allocator: null));
            Thread.SpinWait(random.Next(20));
            last.Owner.Dispose();
            Assert.False(last.TryBorrow(random));
        }

        void Borrow(Random random)
        {
            MarkedOwner owner = Volatile.Read(ref current[random.Next(current.Length)]);
            for (int i = random.Next(20); i > 0 && owner.TryBorrow(random); i--)
            {
            }
        }
    }

    [Fact]
    public void Slots_on_their_way_home_reach_one_user_at_a_time()
    {
        var queues = new ConcurrentQueue<MarkedOwner>[] { new(), new() };
        var race = new Race();
        race.Run(random => Exchange(random, 0), random => Exchange(random, 1), Trim, EndThread);
        foreach (ConcurrentQueue<MarkedOwner> queue in queues)
        {
            while (queue.TryDequeue(out MarkedOwner? last))
            {
                last.Owner.Dispose();
            }
        }

        void Exchange(Random random, int mine)
        {
            for (int i = random.Next(60); i > 0; i--)
            {
                queues[mine].Enqueue(new MarkedOwner(random.Next(40) == 0 ? 5_000 : 8, allocator: null));
            }

            for (int i = random.Next(70); i > 0 && queues[1 - mine].TryDequeue(out MarkedOwner? theirs); i--)
            {
                if (random.Next(2) == 0)
                {
                    Assert.True(theirs.TryBorrow(random));
                }

                theirs.Owner.Dispose();
            }
        }

        void EndThread(Random random)
        {
            race.RunBriefly(() =>
            {
                for (int i = random.Next(40); i > 0 && queues[random.Next(2)].TryDequeue(out MarkedOwner? theirs); i--)
                {
                    Assert.True(theirs.TryBorrow(random));
                    theirs.Owner.Dispose();
                }
            });
            Thread.SpinWait(2000);
        }
    }

    private static void Trim(Random random)
    {
        NativeMemoryCache.Trim();
        Thread.SpinWait(random.Next(20_000));
    }
}
