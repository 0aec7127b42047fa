using System.Runtime.CompilerServices;
using NativeBuffers.Blocks.Handles;

namespace NativeBuffers.Tests.Blocks.Handles;

/// <summary>Lists that another thread than their home disposes, or makes grow, while the home may be at its last use.</summary>
/// <remarks>The home waits in between.</remarks>
[Collection(ProcessWide.Name)]
public class RetiredBlockTests
{
    /// <summary>The number of lists: freed blocks would go to other threads at once, because the home keeps fewer of them.</summary>
    private const int Count = 300;

    private const int Capacity = 1024;

    public static TheoryData<bool> DisposedOrGrown => [true, false];

    [Theory]
    [MemberData(nameof(DisposedOrGrown))]
    public void A_block_is_kept_until_its_home_has_done_something_else(bool isDisposed)
    {
        using var home = new Worker();
        NativeList<long>[] lists = Make(home);
        Leave(lists, isDisposed);
        Assert.All(lists, static list => Assert.True(list.Core.First.IsKept));
        home.Run(static () => NativeBuffer.CreateUninitialized<byte>(100).Dispose());
        RetiredBlock.FreeSettled();
        Assert.All(lists, static list => Assert.False(list.Core.First.IsKept));
        AssertWhole(home, lists, isDisposed);
    }

    [Theory]
    [MemberData(nameof(DisposedOrGrown))]
    public void A_block_is_kept_until_its_home_has_ended(bool isDisposed)
    {
        NativeList<long>[] lists;
        using (var home = new Worker())
        {
            lists = Make(home);
            Leave(lists, isDisposed);
            Assert.All(lists, static list => Assert.True(list.Core.First.IsKept));
        }

        RetiredBlock.FreeSettled();
        Assert.All(lists, static list => Assert.False(list.Core.First.IsKept));
        Array.ForEach(lists, static list => list.Dispose());
    }

    [Fact]
    public void A_block_that_no_thread_can_use_any_more_is_freed_by_the_collector()
    {
        using var home = new Worker();
        long before = RetiredBlock.Count;
        LeaveLists(home);

        // The thread lets go of the part that it ran last.
        home.Run(static () => { });
        Assert.InRange(RetiredBlock.Count, before + 1, long.MaxValue);
        for (int i = 0; i < 10 && RetiredBlock.Count > before; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            RetiredBlock.FreeSettled();
        }

        Assert.InRange(RetiredBlock.Count, 0, before);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void LeaveLists(Worker home) => Leave(Make(home), isDisposed: true);
    }

    [Fact]
    public void A_list_that_another_thread_has_made_grow_belongs_to_that_thread()
    {
        using var home = new Worker();
        NativeList<long> list = Make(home)[0];
        list.EnsureCapacity(10 * Capacity);
        Assert.True(list.Core.At.IsHome);
        Assert.Equal(Capacity, list.LongCount);
        home.Run(() => list.Add(7));
        Assert.Equal(7, list[Capacity]);
        Assert.Equal(0, list[0]);
        list.Dispose();
    }

    [Fact]
    public void An_owner_of_the_elements_gets_a_copy_while_the_home_may_use_them()
    {
        using var home = new Worker();
        NativeList<long> list = Make(home)[0];
        using NativeMemoryOwner<long> owner = list.ToOwner();
        Assert.True(list.Core.First.IsKept);
        Assert.Equal(Capacity, owner.Length);
        Assert.Equal(Capacity - 1, owner.GetSpan()[^1]);
        home.Run(() => Assert.Throws<ObjectDisposedException>(() => list[0]));
        home.Run(() => Assert.Throws<ObjectDisposedException>(() => list.Add(1)));
    }

    [Fact]
    public void A_borrow_and_a_pin_outlive_a_list_that_another_thread_disposes()
    {
        using var home = new Worker();
        NativeList<long> list = Make(home)[0];
        using (Borrow<long> borrow = list.Borrow())
        {
            list.Dispose();
            home.Run(() => Assert.Throws<ObjectDisposedException>(() => list[0]));
            RetiredBlock.FreeSettled();
            Assert.Equal(Capacity - 1, borrow.Span[^1]);
        }
    }

    [Fact]
    public void A_list_that_no_allocator_of_the_program_has_made_is_freed_at_once()
    {
        var allocator = new RecordingAllocator();
        using var home = new Worker();
        NativeList<int> list = null!;
        home.Run(() => list = new NativeList<int>(4, allocator) { 1 });
        Assert.False(list.Core.At.IsHome);
        list.Dispose();
        allocator.AssertAllFreed();
    }

    private static NativeList<long>[] Make(Worker home)
    {
        var lists = new NativeList<long>[Count];
        home.Run(
            () =>
            {
                for (int i = 0; i < Count; i++)
                {
                    lists[i] = new NativeList<long>(Capacity);
                    for (int element = 0; element < Capacity; element++)
                    {
                        lists[i].Add(element);
                    }
                }
            });
        return lists;
    }

    private static void Leave(NativeList<long>[] lists, bool isDisposed) =>
        Array.ForEach(lists, isDisposed ? static list => list.Dispose() : static list => list.EnsureCapacity(2 * Capacity));

    private static void AssertWhole(Worker home, NativeList<long>[] lists, bool isDisposed)
    {
        foreach (NativeList<long> list in lists)
        {
            if (isDisposed)
            {
                home.Run(() => Assert.Throws<ObjectDisposedException>(() => list[0]));
            }
            else
            {
                Assert.Equal(Enumerable.Range(0, Capacity).Select(static i => (long)i), list);
                list.Dispose();
            }
        }
    }
}
