using System.Diagnostics;
using NativeBuffers.Pools;

namespace NativeBuffers.Tests.Pools;

/// <summary>The gate lets one in at a time: two plain counters that are always changed together never differ inside.</summary>
public class OwnerGateTests
{
    [Fact]
    public void Owner_and_visitors_are_never_inside_together()
    {
        var guarded = new Guarded();
        bool stop = false;
        long visits = 0;
        var owner = new Thread(
            () =>
            {
                while (!Volatile.Read(ref stop))
                {
                    guarded.Gate.Enter();
                    guarded.Change();
                    guarded.Gate.Leave();
                    guarded.OwnerTurns++;
                }
            });
        owner.Start();
        var watch = Stopwatch.StartNew();
        while (watch.ElapsedMilliseconds < 2000)
        {
            guarded.Gate.Announce();
            Interlocked.MemoryBarrierProcessWide();
            guarded.Gate.WaitForOwner();
            guarded.Change();
            guarded.Gate.EndVisit();
            visits++;
        }

        Volatile.Write(ref stop, true);
        owner.Join();
        Assert.Equal(0, guarded.Surprises);
        Assert.Equal(guarded.OwnerTurns + visits, guarded.First);
        Assert.True(visits > 100 && guarded.OwnerTurns > 1000, $"{visits} visits, {guarded.OwnerTurns} turns.");
    }

    private sealed class Guarded
    {
        public OwnerGate Gate;
        public long First;
        public long Second;
        public long OwnerTurns;
        public long Surprises;

        public void Change()
        {
            if (First != Second)
            {
                Interlocked.Increment(ref Surprises);
            }

            First++;
            for (int i = 0; i < 3; i++)
            {
                Thread.MemoryBarrier();
            }

            Second++;
        }
    }
}
