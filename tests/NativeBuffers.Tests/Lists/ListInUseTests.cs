using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Tests.Lists;

/// <summary>A member that works on the elements keeps them, also when the list is mentioned nowhere else and the collector runs.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class ListInUseTests
{
    /// <summary>Few, because most members collect at each element.</summary>
    private const int Count = 8;

    private static readonly string[] s_members =
    [
        "Sort by a comparer", "Sort by a comparison", "BinarySearch", "LongIndexOf", "Remove", "foreach", "foreach over the interface",
        "AddRange of an iterator", "AddRange of the list itself", "Sequence", "Memory", "Borrow",
    ];

    /// <summary>Calls all members until the compiler makes their final form, which keeps no variable alive for the debugger.</summary>
    private static readonly Lazy<RecordingAllocator> s_warmUp = new(static () =>
    {
        var allocator = new RecordingAllocator();
        for (int round = 0; round < 60; round++)
        {
            Array.ForEach(s_members, member => Use(member, allocator));
        }

        // The compiler pauses before it makes the final form.
        Thread.Sleep(300);
        return allocator;
    });

    public static TheoryData<string> Members => [.. s_members];

    [Theory]
    [MemberData(nameof(Members))]
    public void The_elements_stay(string member)
    {
        RecordingAllocator allocator = s_warmUp.Value;
        Picky.Collects = true;
        Use(member, allocator);
        Picky.Collects = false;
        Assert.True(Collector.Until(() => allocator.LiveBlocks == 0));
        allocator.AssertAllFreed();
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    [SuppressMessage("Ownership", "NB0001", Justification = "The call itself must keep the forgotten list.")]
    [SuppressMessage("Ownership", "NB0009", Justification = "The memory itself must keep the list.")]
    private static void Use(string member, RecordingAllocator allocator)
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
                Assert.Equal(Count - 1, Make(allocator).BinarySearch(new Picky(Count - 1), Comparer<Picky>.Create(Compare)));
                break;
            case "LongIndexOf":
                Assert.Equal(Count - 1, Make(allocator).LongIndexOf(new Picky(Count - 1)));
                break;
            case "Remove":
                Assert.True(Make(allocator).Remove(new Picky(Count - 1)));
                break;
            case "foreach":
                int expected = 0;
                foreach (Picky item in Make(allocator))
                {
                    Collect();
                    Assert.Equal(expected++, item.Value);
                }

                Assert.Equal(Count, expected);
                break;
            case "foreach over the interface":
                Assert.Equal(Count * (Count - 1) / 2, ((IEnumerable<Picky>)Make(allocator)).Sum(static item => Collected(item.Value)));
                break;
            case "AddRange of an iterator":
                Make(allocator).AddRange(Enumerable.Range(Count, 2 * Count).Select(static value => new Picky(Collected(value))));
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
                    sum += part.Span[Count - 1].Value;
                }

                Assert.Equal(Count - 1, sum);
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
                    Assert.Equal(Count - 1, borrow.Span[Count - 1].Value);
                }

                break;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static NativeList<Picky> Make(RecordingAllocator allocator)
    {
        var list = new NativeList<Picky>(Count, allocator);
        for (int i = 0; i < Count; i++)
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
