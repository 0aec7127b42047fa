using System.Buffers;
using static NativeBuffers.Tests.Lists.ListMisuse;

namespace NativeBuffers.Tests.Races;

/// <summary>Several threads call members of one list. Elements may be lost, but no thread touches memory outside the list.</summary>
/// <remarks>
/// All elements are marked, or zero: another value comes from freed memory, or from another list. Where freed blocks are not
/// poisoned, other buffers come and go, and write something else to them. <see cref="ListHomeRaceTests"/> has the races with the home.
/// </remarks>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class NativeListRaceTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Growth_and_borrows_on_other_threads_never_touch_freed_memory(bool isPoisoning)
    {
        PoisoningAllocator? allocator = isPoisoning ? new() : null;
        var list = new NativeList<long>(4, allocator);
        list.Add(MarkedElement);
        new Race().Run(
            random => Try(() => Grow(list, random)),
            random => Try(() => UseBorrowed(list, random)),
            random => Try(() => UsePinned(list)),
            Disturb);
        list.Dispose();
        allocator?.AssertAllCameBack();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Threads_that_add_and_remove_at_once_stay_inside_the_list(bool isPoisoning)
    {
        PoisoningAllocator? allocator = isPoisoning ? new() : null;
        var list = new NativeList<long>(1, allocator);
        new Race().Run(
            random => Try(() => Change(list, random)),
            random => Try(() => Change(list, random)),
            random => Try(() => Look(list, random)),
            Disturb);
        Assert.InRange(list.LongCount, 0, list.Capacity);
        Verify(list.AsSpan());
        list.Dispose();
        allocator?.AssertAllCameBack();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Disposing_or_handing_over_while_threads_add_borrow_and_enumerate_frees_each_block_once(bool isPoisoning)
    {
        PoisoningAllocator? allocator = isPoisoning ? new() : null;
        var current = new NativeList<long>(2, allocator);
        new Race().Run(
            random => Try(() => Change(Volatile.Read(ref current), random)),
            random =>
            {
                NativeList<long> list = Volatile.Read(ref current);
                Try(() => UseBorrowed(list, random));
                Try(() => Look(list, random));
            },
            Disturb,
            random =>
            {
                Thread.SpinWait(random.Next(3000));
                NativeList<long> last = Interlocked.Exchange(ref current, new NativeList<long>(random.Next(20), allocator));
                if (random.Next(2) == 0)
                {
                    Try(
                        () =>
                        {
                            using NativeMemoryOwner<long> owner = last.ToOwner();
                            using Borrow<long> borrow = owner.Borrow();
                            Verify(borrow.Span);
                        });
                }

                last.Dispose();
                Assert.Throws<ObjectDisposedException>(() => last.Add(MarkedElement));
                Assert.Throws<ObjectDisposedException>(() => last[0]);
                Assert.Equal(0, last.LongCount);
            });
        current.Dispose();
        allocator?.AssertAllCameBack();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_two_threads_that_hand_over_or_dispose_one_has_the_elements(bool isPoisoning)
    {
        PoisoningAllocator? allocator = isPoisoning ? new() : null;
        var race = new Race();
        var rendezvous = new Rendezvous(race, 3);
        NativeList<long> current = null!;
        int owners = 0;
        race.Run(TakeOver, TakeOver, Begin);
        allocator?.AssertAllCameBack();

        void Begin(Random random)
        {
            var list = new NativeList<long>(random.Next(4), allocator) { MarkedElement, MarkedElement };
            Volatile.Write(ref current, list);
            owners = 0;
            if (rendezvous.Meet())
            {
                Try(() => list.Add(MarkedElement));
                Try(() => list.Add(MarkedElement));
                if (rendezvous.Meet())
                {
                    Assert.InRange(owners, 0, 1);
                }
            }

            list.Dispose();
        }

        void TakeOver(Random random)
        {
            if (!rendezvous.Meet())
            {
                return;
            }

            NativeList<long> list = Volatile.Read(ref current);
            Try(
                () =>
                {
                    using NativeMemoryOwner<long> owner = list.ToOwner();
                    Interlocked.Increment(ref owners);
                    Assert.InRange(owner.Length, 2, 4);
                    Verify(owner.GetSpan());
                });
            _ = rendezvous.Meet();
        }
    }

    [Fact]
    public void Memory_that_is_made_while_another_thread_moves_the_block_has_the_address_of_its_block()
    {
        using var list = new NativeList<long>(4);
        new Race().Run(
            random => Try(
                () =>
                {
                    _ = list.EnsureCapacity(random.Next(5000));
                    list.TrimExcess();
                }),
            _ => Try(
                () =>
                {
                    Memory<long> memory = list.GetMemory(1);
                    if (memory.IsEmpty)
                    {
                        // The other thread has trimmed the list in between.
                        return;
                    }

                    using MemoryHandle handle = memory.Pin();
                    unsafe
                    {
                        // SAFETY: the addresses are compared, and not followed.
                        Assert.Equal((nint)handle.Pointer, (nint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref memory.Span[0]));
                    }
                }),
            Disturb);
    }
}
