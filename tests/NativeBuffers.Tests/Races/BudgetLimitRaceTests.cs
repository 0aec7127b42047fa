using NativeBuffers.Diagnostics.Tracking;

namespace NativeBuffers.Tests.Races;

/// <summary>Threads at the limits of a tree of three levels, with blocks of all sizes.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class BudgetLimitRaceTests
{
    private const int Threads = 4;

    /// <summary>The budgets, from the top down; the last one is beside the second one.</summary>
    private static readonly int[] s_limits = [1_500_000, 1_100_000, 800_000, 900_000];

    /// <summary>The levels in which the blocks of each budget count.</summary>
    private static readonly int[][] s_levels = [[0], [0, 1], [0, 1, 2], [0, 3]];

    /// <summary>One of the threads lives for one turn only, and ends with credit.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void No_limit_is_passed_and_nothing_is_refused_while_there_is_room(bool isDefault)
    {
        var witness = new WitnessAllocator();
        if (!isDefault)
        {
            Needs.BareBlocks();
        }

        NativeMemoryBudget top = (isDefault ? NativeAllocator.Default : witness).WithLimit(s_limits[0]);
        NativeMemoryBudget middle = top.WithBudget(new() { Name = "1", Limit = s_limits[1] });
        NativeMemoryBudget low = middle.WithBudget(new() { Name = "2", Limit = s_limits[2] });
        NativeMemoryBudget[] budgets = [top, middle, low, top.WithBudget(new() { Name = "3", Limit = s_limits[3] })];
        Level[] levels = [.. budgets.Select(static budget => new Level(budget))];
        var race = new Race { IsEnough = () => Array.TrueForAll(levels, static level => level.Refusals > 0) };
        race.Run(
            [
                random => OtherThread.Run(() => Turn(random, levels)),
                .. Enumerable.Repeat<Action<Random>>(random => Turn(random, levels), Threads - 1),
            ]);
        Assert.All(budgets, static budget => Assert.Equal(0, budget.UsedBytes));
        Assert.Equal(0, witness.Live);
        Assert.InRange(witness.Peak, isDefault ? 0 : 1, top.Limit);
        Assert.All(budgets, static budget => Assert.InRange(budget.PeakBytes, 1, budget.Limit));
        Array.ForEach(budgets, static budget => NativeMemoryOwner<byte>.Create(budget.Limit, budget).Dispose());
    }

    /// <summary>A disposal calls in the credit of threads, in the budget and below.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_request_that_begins_after_a_disposal_gets_nothing(bool isDefault)
    {
        NativeMemoryBudget top = (isDefault ? NativeAllocator.Default : NativeAllocator.Malloc).WithLimit(50_000_000);
        var current = new Family(top);
        var handedOver = new NativeMemoryOwner<byte>?[4];
        new Race().Run([Replace, .. Enumerable.Repeat<Action<Random>>(Use, Threads - 1)]);
        Array.ForEach(handedOver, static owner => owner?.Dispose());
        Assert.Equal((0L, 0L), (top.UsedBytes, current.Parent.UsedBytes));
        using var all = NativeMemoryOwner<byte>.Create(50_000_000, top);

        void Replace(Random random)
        {
            Thread.SpinWait(random.Next(20_000));
            Family old = Interlocked.Exchange(ref current, new Family(top));
            old.Parent.Dispose();
            Volatile.Write(ref old.IsDisposed, true);

            // From now on, bytes only come back.
            long used = old.Parent.UsedBytes;
            for (int i = random.Next(20); i >= 0; i--)
            {
                long now = old.Parent.UsedBytes;
                Assert.InRange(now, 0, used);
                used = now;
            }
        }

        void Use(Random random)
        {
            Family family = Volatile.Read(ref current);
            try
            {
                for (int i = 0; i < 200; i++)
                {
                    NativeMemoryBudget budget = i % 3 == 0 ? family.Parent : family.Child;
                    bool wasDisposed = Volatile.Read(ref family.IsDisposed);
                    NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.CreateUninitialized(random.Next(1, 20_000), budget);
                    Interlocked.Exchange(ref handedOver[random.Next(4)], owner)?.Dispose();
                    Assert.False(wasDisposed);
                }
            }
            catch (ObjectDisposedException)
            {
                // The budget was replaced in between.
            }
        }
    }

    private static void Turn(Random random, Level[] levels)
    {
        var held = new List<Held>();
        for (int step = 0; step < 60; step++)
        {
            if (held.Count > 0 && random.Next(3) == 0)
            {
                int place = random.Next(held.Count);
                held[place].End();
                held.RemoveAt(place);
            }
            else if (Held.TryMake([.. s_levels[random.Next(4)].Select(number => levels[number])], Size(random)) is { } more)
            {
                held.Add(more);
            }
        }

        held.ForEach(static each => each.End());
    }

    private static int Size(Random random) => random.Next(5) switch
    {
        0 => random.Next(200),
        1 => random.Next(5_000),
        2 => random.Next(60_000),
        3 => random.Next(100_000),
        _ => random.Next(400_000),
    };

    private sealed class Family
    {
        public bool IsDisposed;

        public Family(NativeMemoryBudget top)
        {
            Parent = top.WithLimit(1_000_000);
            Child = Parent.WithLimit(1_000_000);
        }

        public NativeMemoryBudget Parent { get; }

        public NativeMemoryBudget Child { get; }
    }

    /// <summary>Bounds of the bytes in use in one budget, which the threads count themselves.</summary>
    private sealed class Level(NativeMemoryBudget budget)
    {
        private long _certain;
        private long _possible;
        private long _requested;
        private long _refusals;

        public NativeMemoryBudget Budget => budget;

        public long Refusals => Volatile.Read(ref _refusals);

        /// <summary>Before a request.</summary>
        public void Request(long byteCount)
        {
            Interlocked.Add(ref _possible, byteCount);
            Interlocked.Add(ref _requested, byteCount);
        }

        /// <summary>After a free, or a refusal.</summary>
        public void End(long byteCount) => Interlocked.Add(ref _possible, -byteCount);

        /// <summary>After a request has its bytes, and before they are freed.</summary>
        public void Use(long byteCount) => Assert.InRange(Interlocked.Add(ref _certain, byteCount), 0, budget.Limit);

        /// <summary>The bytes that may be in use, with those that were requested before: the most until <see cref="AssertFull"/>.</summary>
        public long Look() => -Volatile.Read(ref _requested) + Volatile.Read(ref _possible);

        /// <summary>Asserts that all bytes may have been in use, or under way, at one moment since the look.</summary>
        public void AssertFull(long look)
        {
            Interlocked.Increment(ref _refusals);
            long most = look + Volatile.Read(ref _requested);
            Assert.True(most > budget.Limit, $"'{budget.Name}' has refused, although at most {most} of {budget.Limit} bytes were in use or requested.");
        }
    }

    private sealed class Held
    {
        private readonly NativeMemoryOwner<byte> _owner;
        private readonly Level[] _levels;

        private Held(NativeMemoryOwner<byte> owner, Level[] levels)
        {
            (_owner, _levels) = (owner, levels);
            Array.ForEach(levels, level => level.Use(owner.Length));
        }

        /// <summary>A block in the last level; null if it is refused.</summary>
        public static Held? TryMake(Level[] levels, int byteCount)
        {
            Array.ForEach(levels, level => level.Request(byteCount));
            long[] looks = [.. levels.Select(static level => level.Look())];
            try
            {
                return new Held(NativeMemoryOwner<byte>.CreateUninitialized(byteCount, levels[^1].Budget), levels);
            }
            catch (OutOfMemoryException exception)
            {
                int refusing = Array.FindIndex(levels, level => level.Budget.Name == NativeMemoryRefusal.Of(exception)!.BudgetName);
                levels[refusing].AssertFull(looks[refusing]);
                Array.ForEach(levels, level => level.End(byteCount));
                return null;
            }
        }

        public void End()
        {
            long byteCount = _owner.Length;
            Array.ForEach(_levels, level => level.Use(-byteCount));
            _owner.Dispose();
            Array.ForEach(_levels, level => level.End(byteCount));
        }
    }
}
