using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Tests.Blocks.Handles;

/// <summary>An allocator calls the program while an owner is resized, and the program uses that owner.</summary>
public class UseDuringResizeTests
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(30);

    /// <summary>A guard resizes no block in place: the allocators here would not be asked, and nothing would call the program.</summary>
    public UseDuringResizeTests() => Needs.BareBlocks();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_list_that_is_disposed_while_it_grows_is_given_back_afterwards(bool makesRoom)
    {
        Within(() =>
        {
            (bool IsDisposed, long Count, long Capacity)? seen = null;
            NativeList<int>? list = null;
            NativeMemoryOwner<byte>? other = null;
            NativeMemoryBudget budget = Limited(1064, () =>
            {
                list!.Dispose();
                seen ??= (list.IsDisposed, list.LongCount, list.Capacity);
                if (makesRoom)
                {
                    other!.Dispose();
                }
            });
            list = new NativeList<int>(16, budget);
            list.Resize(16);
            other = NativeMemoryOwner<byte>.Create(1000, budget);
            Assert.Throws<ObjectDisposedException>(() => list.Add(1));
            other.Dispose();
            Assert.Equal((true, 0, 0), seen);
            Assert.True(list.IsDisposed);
            Assert.Equal(0, budget.UsedBytes);
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_owner_that_is_disposed_while_it_is_resized_is_given_back_afterwards(bool makesRoom)
    {
        Within(() =>
        {
            NativeMemoryOwner<int>? owner = null;
            NativeMemoryOwner<byte>? other = null;
            int lengthThen = -1;
            NativeMemoryBudget budget = Limited(1064, () =>
            {
                owner!.Dispose();
                lengthThen = owner.Length == 0 && owner.IsDisposed ? 0 : 1;
                if (makesRoom)
                {
                    other!.Dispose();
                }
            });
            owner = NativeMemoryOwner<int>.Create(16, budget);
            other = NativeMemoryOwner<byte>.Create(1000, budget);
            Exception? thrown = Record.Exception(() => owner.Resize(17));
            Assert.IsType(makesRoom ? typeof(ObjectDisposedException) : typeof(OutOfMemoryException), thrown);
            other.Dispose();
            Assert.Equal((0, 0L), (lengthThen, budget.UsedBytes));
            Assert.Throws<ObjectDisposedException>(() => owner.Borrow());
        });
    }

    [Fact]
    public void A_list_that_is_disposed_while_it_becomes_an_owner_is_given_back()
    {
        Within(() =>
        {
            NativeList<int>? list = null;
            int calls = 0;
            var inner = new CallingAllocator(() =>
            {
                calls++;
                list!.Dispose();
            });
            list = new NativeList<int>(16, inner) { 1, 2, 3 };
            Assert.Throws<ObjectDisposedException>(() => list.ToOwner());
            Assert.Equal((1, true, 0), (calls, list.IsDisposed, inner.LiveBlocks));
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_pooled_buffer_that_is_disposed_while_it_is_resized_is_given_back_afterwards(bool throws)
    {
        Within(() =>
        {
            PooledBuffer<int> buffer = default;
            bool wasDisposed = false;
            var inner = new CallingAllocator(() =>
            {
                buffer.Dispose();
                wasDisposed = buffer.IsDisposed;
                if (throws)
                {
                    throw new InvalidTimeZoneException();
                }
            });
            using (var pool = new NativeMemoryPool<int>(new NativePoolOptions { Allocator = inner, CachedBytesLimit = 0 }))
            {
                buffer = pool.RentBuffer(300_000_000);
                Exception? thrown = Record.Exception(() => buffer.Resize(310_000_000));
                Assert.IsType(throws ? typeof(InvalidTimeZoneException) : typeof(ObjectDisposedException), thrown);
                Assert.True(wasDisposed && buffer.IsDisposed);
                Assert.Throws<ObjectDisposedException>(() => buffer.AsSpan().Length);
            }

            Assert.Equal(0, inner.LiveBlocks);
        });
    }

    [Fact]
    public void Lengths_can_be_asked_for()
    {
        Within(() =>
        {
            var seen = new List<long>();
            NativeMemoryOwner<int>? owner = null;
            NativeList<int>? list = null;
            NativeMemoryBudget budget = Limited(128, () =>
                seen.AddRange([owner!.Length, list!.LongCount, list.Count, list.Capacity, owner.IsDisposed || list.IsDisposed ? 1 : 0]));
            using (owner = NativeMemoryOwner<int>.Create(16, budget))
            using (list = new NativeList<int>(16, budget) { 1, 2 })
            {
                Assert.Throws<OutOfMemoryException>(() => owner.Resize(17));
                Assert.Throws<OutOfMemoryException>(() => list.EnsureCapacity(17));
                Assert.Equal([16, 2, 2, 16, 0, 16, 2, 2, 16, 0], seen);
            }
        });
    }

    [Fact]
    public void A_use_of_the_elements_throws_and_the_owner_is_unchanged()
    {
        Within(() =>
        {
            NativeMemoryOwner<int>? owner = null;
            Dictionary<string, Action> uses = new()
            {
                ["Borrow"] = () => owner!.Borrow().Dispose(),
                ["Memory"] = () => _ = owner!.Memory,
                ["Slice"] = () => _ = owner!.Slice(0, 1),
                ["GetSpan"] = () => _ = owner!.GetSpan(),
                ["Pin"] = () => owner!.Pin().Dispose(),
                ["Retain"] = () => owner!.Retain().Dispose(),
                ["Resize"] = () => owner!.Resize(5),
                ["Move"] = () => owner!.Move().Dispose(),
                ["Release"] = () => ReleaseOf(owner!),
                ["Allocator"] = () => _ = owner!.Allocator,
            };
            AssertThrow(uses, 64, budget =>
            {
                owner = NativeMemoryOwner<int>.Create(16, budget);
                owner.GetSpan()[7] = 7;
                Assert.Throws<OutOfMemoryException>(() => owner.Resize(17));
                Assert.Equal((16, 7), (owner.Length, owner.GetSpan()[7]));
                return owner;
            });

            NativeList<int>? list = null;
            AssertThrow(
                new()
                {
                    ["get"] = () => _ = list![7],
                    ["set"] = () => list![7] = 8,
                    ["Add"] = () => list!.Add(8),
                    ["AddRange"] = () => list!.AddRange([1, 2]),
                    ["Insert"] = () => list!.Insert(0, 8),
                    ["RemoveAt"] = () => list!.RemoveAt(0),
                    ["Clear"] = () => list!.Clear(),
                    ["Resize"] = () => list!.Resize(3),
                    ["EnsureCapacity"] = () => list!.EnsureCapacity(100),
                    ["TrimExcess"] = () => list!.TrimExcess(),
                    ["AsSpan"] = () => _ = list!.AsSpan(),
                    ["Borrow"] = () => list!.Borrow().Dispose(),
                    ["GetSpan"] = () => _ = list!.GetSpan(1),
                    ["Sort"] = () => list!.Sort(),
                    ["IndexOf"] = () => list!.IndexOf(7),
                    ["ToOwner"] = () => list!.ToOwner().Dispose(),
                    ["foreach"] = () => _ = list!.Sum(),
                },
                64,
                budget =>
                {
                    list = new NativeList<int>(16, budget);
                    list.Resize(14);
                    list[7] = 7;
                    Assert.Throws<OutOfMemoryException>(() => list.EnsureCapacity(17));
                    Assert.Equal((14, 7), (list.Count, list[7]));
                    return list;
                });
        });
    }

    [Fact]
    public void The_same_in_a_resize_within_the_resize_of_another_owner()
    {
        Within(() =>
        {
            NativeMemoryOwner<int>? outer = null;
            Exception? thrown = null;
            var inner = new CallingAllocator(() => thrown = Record.Exception(() => outer!.Borrow().Dispose()));
            NativeMemoryBudget budget = Limited(64, () =>
            {
                using var second = NativeMemoryOwner<int>.Create(4, inner);
                second.Resize(8);
            });
            using (outer = NativeMemoryOwner<int>.Create(16, budget))
            {
                Assert.Throws<OutOfMemoryException>(() => outer.Resize(17));
                Assert.IsType<InvalidOperationException>(thrown);
                outer.Borrow().Dispose();
            }
        });
    }

    [Fact]
    public void A_finalizer_that_the_callback_waits_for_may_dispose_and_ask_for_lengths()
    {
        Within(() =>
        {
            NativeList<int>? list = null;
            var finalized = new StrongBox<long>(-1);
            NativeMemoryBudget budget = Limited(64, () =>
            {
                Forget(list!, finalized);
                Assert.True(Collector.Until(() => Volatile.Read(ref finalized.Value) >= 0));
            });
            list = new NativeList<int>(16, budget);
            list.Resize(16);
            Assert.Throws<ObjectDisposedException>(() => list.Add(1));
            Assert.Equal((32, 0L), (finalized.Value, budget.UsedBytes));
        });

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget(NativeList<int> list, StrongBox<long> finalized) => _ = new DisposesInFinalizer(list, finalized);
    }

    private static NativeMemoryBudget Limited(long limit, Action onRefusal) =>
        NativeAllocator.Malloc.WithBudget(new()
        {
            Limit = limit,
            OnRefusal = _ =>
            {
                onRefusal();
                return true;
            },
        });

    private static void AssertThrow(Dictionary<string, Action> uses, long limit, Func<NativeMemoryBudget, IDisposable> grow)
    {
        foreach ((string name, Action use) in uses)
        {
            Exception? thrown = null;
            NativeMemoryBudget budget = Limited(limit, () => thrown = Record.Exception(use));
            grow(budget).Dispose();
            Assert.True(thrown is InvalidOperationException and not ObjectDisposedException, $"{name}: {thrown}");
            Assert.Equal(0, budget.UsedBytes);
        }
    }

    private static unsafe void ReleaseOf(NativeMemoryOwner<int> owner) => owner.Release();

    /// <summary>Runs the body on a thread that the test abandons if it hangs.</summary>
    private static void Within(Action body)
    {
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(body)) { IsBackground = true };
        thread.Start();
        Assert.True(thread.Join(s_longest), "It hangs.");
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    private sealed class DisposesInFinalizer(NativeList<int> list, StrongBox<long> finalized)
    {
        ~DisposesInFinalizer()
        {
            long lengths = list.LongCount + list.Capacity;
            list.Dispose();
            Volatile.Write(ref finalized.Value, lengths);
        }
    }
}
