using System.Runtime.CompilerServices;

namespace NativeBuffers.Tests.Lists;

/// <summary>A member that works on the elements keeps them, also when the list is mentioned nowhere else and the collector runs.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class ListInUseTests
{
    // Enough calls for the final form of the methods, which keeps no variable alive for the debugger.
    private const int Rounds = 60;

    [Theory]
    [InlineData("Sort by a comparer")]
    [InlineData("Sort by a comparison")]
    [InlineData("BinarySearch")]
    [InlineData("LongIndexOf")]
    [InlineData("Remove")]
    [InlineData("foreach")]
    [InlineData("foreach over the interface")]
    [InlineData("AddRange of an iterator")]
    [InlineData("AddRange of the list itself")]
    [InlineData("Sequence")]
    [InlineData("Memory")]
    [InlineData("Borrow")]
    public void The_elements_stay(string member)
    {
        var allocator = new WatchingAllocator();
        for (int round = 0; round < Rounds; round++)
        {
            // The last round comes after the compiler's pause.
            if (round == Rounds - 1)
            {
                Thread.Sleep(300);
            }

            Picky.Collects = round == Rounds - 1;
            Use(member, allocator);
            Picky.Collects = false;
        }

        Assert.True(Collector.Until(() => allocator.LiveBlocks == 0));
        allocator.AssertAllFreed();
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Use(string member, WatchingAllocator allocator)
    {
        switch (member)
        {
            case "Sort by a comparer":
                Make(allocator).Sort(Comparer<Picky>.Create(Compare));
                break;
            case "Sort by a comparison":
                Make(allocator).Sort(Compare);
                break;
            case "BinarySearch":
                Assert.Equal(15, Make(allocator).BinarySearch(new Picky(15), Comparer<Picky>.Create(Compare)));
                break;
            case "LongIndexOf":
                Assert.Equal(15, Make(allocator).LongIndexOf(new Picky(15)));
                break;
            case "Remove":
                Assert.True(Make(allocator).Remove(new Picky(15)));
                break;
            case "foreach":
                int expected = 0;
                foreach (Picky item in Make(allocator))
                {
                    Collect();
                    Assert.Equal(expected++, item.Value);
                }

                Assert.Equal(16, expected);
                break;
            case "foreach over the interface":
                Assert.Equal(120, ((IEnumerable<Picky>)Make(allocator)).Sum(static item => Collected(item.Value)));
                break;
            case "AddRange of an iterator":
                Make(allocator).AddRange(Enumerable.Range(16, 40).Select(static value => new Picky(Collected(value))));
                break;
            case "AddRange of the list itself":
                NativeList<Picky> list = Make(allocator);
                list.AddRange(list);
                break;
            case "Sequence":
                int sum = 0;
                foreach (ReadOnlyMemory<Picky> part in Make(allocator).AsReadOnlySequence())
                {
                    Collect();
                    sum += part.Span[15].Value;
                }

                Assert.Equal(15, sum);
                break;
            case "Memory":
                Memory<Picky> memory = Make(allocator).GetMemory(1);
                Collect();
                memory.Span[0] = new Picky(1);
                break;
            default:
                using (Borrow<Picky> borrow = Make(allocator).Borrow())
                {
                    Collect();
                    Assert.Equal(15, borrow.Span[15].Value);
                }

                break;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static NativeList<Picky> Make(WatchingAllocator allocator)
    {
        var list = new NativeList<Picky>(16, allocator);
        for (int i = 0; i < 16; i++)
        {
            list.Add(new Picky(i));
        }

        return list;
    }

    private static int Compare(Picky left, Picky right)
    {
        Collect();
        Assert.InRange(left.Value, 0, 100);
        Assert.InRange(right.Value, 0, 100);
        return left.Value.CompareTo(right.Value);
    }

    private static int Collected(int value)
    {
        Collect();
        return value;
    }

    private static void Collect()
    {
        if (Picky.Collects)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private readonly record struct Picky(int Value)
    {
        [ThreadStatic]
        private static bool t_collects;

        public static bool Collects
        {
            get => t_collects;
            set => t_collects = value;
        }

        public bool Equals(Picky other)
        {
            Collect();
            Assert.InRange(other.Value, 0, 100);
            return Value == other.Value;
        }

        public override int GetHashCode() => Value;
    }
}
