namespace NativeBuffers.Tests.Allocation.Budgets;

/// <summary>Every owner stays inside its budget, is unchanged if it cannot grow, and returns all of its bytes.</summary>
[CorrectProgram]
public class BudgetOwnersTests
{
    private readonly NativeMemoryBudget _budget = NativeAllocator.Malloc.WithBudget(new() { Name = "Ten thousand", Limit = 10_000 });

    public static TheoryData<string> Kinds => [.. s_bodies.Keys];

    private static readonly Dictionary<string, Action<NativeAllocator>> s_bodies = new()
    {
        ["buffer"] = static budget =>
        {
            NativeBuffer<int> buffer = NativeBuffer.Create<int>(1000, budget);
            buffer.Fill(7);
            Assert.False(TryGrow(ref buffer));
            Assert.Equal((1000, -1), (buffer.Length, buffer.AsSpan().IndexOfAnyExcept(7)));
            buffer.Resize(2500);
            using NativeMemoryOwner<int> owner = buffer.ToOwner();
            Assert.Equal(2500, owner.Length);
        },
        ["owner"] = static budget =>
        {
            using var owner = NativeMemoryOwner<int>.Create(1000, budget);
            owner.GetSpan().Fill(7);
            Assert.Throws<OutOfMemoryException>(() => owner.Resize(2501));
            Assert.Equal((1000, -1), (owner.Length, owner.GetSpan().IndexOfAnyExcept(7)));
        },
        ["list"] = static budget =>
        {
            using var list = new NativeList<int>(0, budget);
            Assert.Throws<OutOfMemoryException>(() => Fill(list));
            Assert.InRange(list.Count, 1250, 2500);
            Assert.Equal(Enumerable.Range(0, list.Count), list);
        },
        ["arena"] = static budget =>
        {
            using var arena = NativeArenaOwner.Create(1000, budget);
            using ArenaBorrow borrow = arena.Borrow();
            Span<byte> first = borrow.Allocate<byte>(500);
            first.Fill(1);
            try
            {
                _ = borrow.Allocate<byte>(9_000);
                Assert.Fail("There was room.");
            }
            catch (OutOfMemoryException exception)
            {
                Assert.Equal("Ten thousand", NativeMemoryRefusal.Of(exception)!.BudgetName);
            }

            Assert.False(first.ContainsAnyExcept((byte)1));
            _ = borrow.Allocate<byte>(3_000);
        },
        ["scoped arena"] = static budget =>
        {
            using var arena = NativeArena.Create(1000, budget);
            _ = arena.Allocate<byte>(3_000);
            try
            {
                _ = arena.Allocate<byte>(9_000);
                Assert.Fail("There was room.");
            }
            catch (OutOfMemoryException exception)
            {
                Assert.Equal("Ten thousand", NativeMemoryRefusal.Of(exception)!.BudgetName);
            }
        },
        ["pool"] = static budget =>
        {
            using var pool = new NativeMemoryPool<byte>(new NativePoolOptions { Allocator = budget });
            using PooledBuffer<byte> buffer = pool.RentBuffer(5_000);
            Assert.Equal("Ten thousand", Refused.By(() => pool.RentBuffer(5_000).Dispose()).BudgetName);
        },
        ["released and adopted"] = static budget =>
        {
            unsafe
            {
                int* block = NativeMemoryOwner<int>.Create(1000, budget).Release();
                Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<int>.Create(1501, budget));
                using var owner = NativeMemoryOwner<int>.Adopt(block, 1000, budget);
                Assert.Throws<OutOfMemoryException>(() => NativeMemoryOwner<int>.Create(1501, budget));
            }
        },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void It_stays_inside(string kind)
    {
        s_bodies[kind](_budget);
        Assert.Equal(0, _budget.UsedBytes);
        Assert.InRange(_budget.PeakBytes, 1, 10_000);
        Assert.NotEqual(0, _budget.RefusedCount);
    }

    private static bool TryGrow(ref NativeBuffer<int> buffer)
    {
        try
        {
            buffer.Resize(2501);
            return true;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }

    private static void Fill(NativeList<int> list)
    {
        for (int i = 0; i < 3000; i++)
        {
            list.Add(i);
        }
    }
}
