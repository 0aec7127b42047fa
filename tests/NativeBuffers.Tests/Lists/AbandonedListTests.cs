using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using NativeBuffers.Tests.Contracts;

namespace NativeBuffers.Tests.Lists;

/// <summary>Lists that no code can reach any more.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[SuppressMessage("Ownership", "NB0001", Justification = "The tests forget lists, or keep only what reaches them.")]
public class AbandonedListTests : AbandonedContract
{
    protected override IReadOnlyDictionary<string, Func<Func<bool>>> Ways { get; } = new Dictionary<string, Func<Func<bool>>>
    {
        ["Made"] = static () => Forget(static _ => { }),
        ["Grown"] = static () => Forget(static list => list.Resize(1000)),
        ["Borrowed"] = static () => Forget(static list => list.Borrow().Dispose()),
        ["Pinned"] = static () => Forget(static list => list.AsReadOnlySequence().First.Pin().Dispose()),
        ["Used by an ended thread"] = static () => Forget(static list => OtherThread.Run(() => list.Add(4))),
        ["Grown by an ended thread"] = static () => Forget(static list => OtherThread.Run(() => list.Resize(1000))),
        ["Owner"] = static () => Forget(static list => _ = list.ToOwner()),
    };

    [Fact]
    [SuppressMessage("Ownership", "NB0009", Justification = "The memory itself must keep the list.")]
    public void A_list_that_a_sequence_an_enumerator_or_a_memory_can_reach_is_not_forgotten()
    {
        var allocator = new RecordingAllocator();
        ReadOnlySequence<int> sequence = Make(allocator).AsReadOnlySequence();
        NativeListEnumerator<int> enumerator = Make(allocator).GetEnumerator();
        Memory<int> memory = Make(allocator).GetMemory();
        Collector.Settle();
        Assert.Equal(3, allocator.LiveBlocks);
        Assert.Equal([1, 2, 3], sequence.ToArray());
        Assert.True(enumerator.MoveNext());
        memory.Span[0] = 7;

        [MethodImpl(MethodImplOptions.NoInlining)]
        static NativeList<int> Make(NativeAllocator allocator) => new(10, allocator) { 1, 2, 3 };
    }

    [Fact]
    public void The_elements_of_a_list_stay_until_its_last_use_has_ended()
    {
        var allocator = new RecordingAllocator();
        using var isOver = new ManualResetEventSlim();
        OtherThread.Together(
            () =>
            {
                for (int i = 0; i < 3000; i++)
                {
                    UseLast(allocator);
                }

                isOver.Set();
            },
            () =>
            {
                while (!isOver.IsSet)
                {
                    GC.Collect(0);
                    GC.WaitForPendingFinalizers();
                }
            });
        Assert.True(Collector.Until(() => allocator.LiveBlocks == 0));
        allocator.AssertAllFreed();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void UseLast(NativeAllocator allocator)
        {
            var list = new NativeList<int>(64, allocator);
            for (int i = 0; i < 64; i++)
            {
                list.Add(i);
            }

            Assert.Equal(63, list[63]);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    protected override int ForgetDefault(int length)
    {
        var list = new NativeList<int> { 1 };
        list.Resize(length);
        return 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    protected override void UseWell(NativeAllocator? allocator)
    {
        new NativeList<int>(5, allocator).Dispose();
        var list = new NativeList<int>(5, allocator);
        list.Resize(1000);
        list.ToOwner().Dispose();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    protected override Borrow<int> BorrowOfForgotten(out Func<bool> isFreed)
    {
        var allocator = new RecordingAllocator();
        isFreed = () => allocator.LiveBlocks == 0;
        return new NativeList<int>(3, allocator) { 7, 7, 7 }.Borrow();
    }

    private static Func<bool> Forget(Action<NativeList<int>> use)
    {
        var allocator = new RecordingAllocator();
        UseNew();
        return () => allocator.LiveBlocks == 0;

        [MethodImpl(MethodImplOptions.NoInlining)]
        void UseNew() => use(new NativeList<int>(4, allocator) { 1, 2, 3 });
    }
}
