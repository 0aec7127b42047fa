using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using NativeBuffers.Buffers;

namespace NativeBuffers.Tests.Buffers;

/// <summary>A block whose owner was disposed is freed when the last borrow or pin of it ends: not before, and once.</summary>
[CorrectProgram]
[SuppressMessage("Ownership", "NB0003", Justification = "Each user ends once in the order of an array, or again, which must free nothing.")]
public class LastUserTests
{
    public static TheoryData<string> Ways => ["Create", "ToOwner", "Move", "Adopt", "Pool", "Resized", "Other thread"];

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_borrow_that_lasts_keeps_the_block_and_its_end_frees_it(string way)
    {
        var allocator = new RecordingAllocator();
        NativeMemoryOwner<int> owner = Make(way, allocator);
        Borrow<int> borrow = owner.Borrow();
        Borrow<int> copy = borrow;
        long before = allocator.FreedBlocks;
        owner.Dispose();
        owner.Dispose();
        Assert.Equal(before, allocator.FreedBlocks);
        borrow.Span.Fill(7);
        Assert.Equal(-1, copy.Span.IndexOfAnyExcept(7));
        borrow.Dispose();
        Assert.Equal(before + 1, allocator.FreedBlocks);
        copy.Dispose();
        borrow.Dispose();
        owner.Dispose();
        Assert.Equal(before + 1, allocator.FreedBlocks);
        allocator.AssertAllFreed();
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public unsafe void A_pin_that_lasts_keeps_the_block_and_its_end_on_whichever_thread_frees_it(string way)
    {
        for (int ending = 0; ending < 4; ending++)
        {
            var allocator = new RecordingAllocator();
            NativeMemoryOwner<int> owner = Make(way, allocator);
            MemoryHandle handle = ending % 2 == 0 ? owner.Pin() : owner.Memory[..1].Pin();
            MemoryHandle copy = handle;
            owner.Dispose();
            Assert.Equal(1, allocator.LiveBlocks);
            *(int*)handle.Pointer = 7;
            switch (ending)
            {
                case 0:
                    handle.Dispose();
                    break;
                case 1:
                    OtherThread.Run(handle.Dispose);
                    break;
                case 2:
                    owner.Unpin();
                    break;
                default:
                    OtherThread.Run(copy.Dispose);
                    break;
            }

            allocator.AssertAllFreed();
            handle.Dispose();
            copy.Dispose();
            owner.Unpin();
            owner.Dispose();
            allocator.AssertAllFreed();
        }
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0001", Justification = "An array gives the order in which the users end, or the thread's end does.")]
    [SuppressMessage("Ownership", "NB0002", Justification = "An array gives the order in which the users end.")]
    public void Whichever_of_several_users_ends_last_frees_the_block()
    {
        foreach (int[] order in Permutations(5))
        {
            foreach (bool elsewhere in new[] { false, true })
            {
                var allocator = new RecordingAllocator();
                NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.Create(10, allocator);
                owner.GetSpan().Fill(7);
                Borrow<int> first = owner.Borrow();
                Borrow<int> second = owner.Borrow();
                MemoryHandle third = owner.Pin();
                MemoryHandle fourth = owner.Pin(5);
                for (int i = 0; i < order.Length; i++)
                {
                    Assert.Equal(1, allocator.LiveBlocks);
                    Assert.Equal(7, order.AsSpan(i).Contains(0) ? first[0] : 7);
                    Assert.Equal(7, order.AsSpan(i).Contains(1) ? second[9] : 7);
                    switch (order[i])
                    {
                        case 0:
                            first.Dispose();
                            break;
                        case 1:
                            second.Dispose();
                            break;
                        case 2 when elsewhere:
                            OtherThread.Run(third.Dispose);
                            break;
                        case 2:
                            third.Dispose();
                            break;
                        case 3:
                            fourth.Dispose();
                            break;
                        case 4 when elsewhere:
                            OtherThread.Run(owner.Dispose);
                            break;
                        default:
                            owner.Dispose();
                            break;
                    }
                }

                allocator.AssertAllFreed();
            }
        }
    }

    [Fact]
    public void A_window_is_pinned_and_keeps_the_block_too()
    {
        var allocator = new RecordingAllocator();
        NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.Create(10, allocator);
        Memory<int> window = new OwnerWindow<int>(owner, 4, 3).Memory;
        Assert.Equal(3, window.Length);
        MemoryHandle handle = window[1..].Pin();
        owner.Dispose();
        Assert.Equal(1, allocator.LiveBlocks);
        Assert.Throws<ObjectDisposedException>(() => window.Span.Length);
        handle.Dispose();
        allocator.AssertAllFreed();
    }

    [Fact]
    public void A_borrow_beyond_the_first_row_of_records_keeps_the_block_too()
    {
        using NativeMemoryOwner<int> other = NativeMemoryOwner<int>.Create(10);
        foreach (int depth in new[] { 30, 31, 32, 61, 62, 63, 100 })
        {
            foreach (bool elsewhere in new[] { false, true })
            {
                var allocator = new RecordingAllocator();
                NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.Create(10, allocator);
                owner.GetSpan().Fill(7);
                Nest(depth);
                allocator.AssertAllFreed();

                // Borrows of the other owner fill the records before.
                void Nest(int level)
                {
                    if (level > 0)
                    {
                        using Borrow<int> before = other.Borrow();
                        Nest(level - 1);
                        return;
                    }

                    using Borrow<int> borrow = owner.Borrow();
                    Assert.Throws<InvalidOperationException>(() => owner.Resize(20));
                    if (elsewhere)
                    {
                        OtherThread.Run(owner.Dispose);
                    }
                    else
                    {
                        owner.Dispose();
                    }

                    Assert.Equal(1, allocator.LiveBlocks);
                    Assert.Equal(7, borrow[9]);
                }
            }
        }
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0001", Justification = "An array gives the order in which the users end, or the thread's end does.")]
    public void A_borrow_that_was_never_ended_keeps_the_block_until_its_thread_has_ended()
    {
        var allocator = new RecordingAllocator();
        NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.Create(10, allocator);
        OtherThread.Run(
            () =>
            {
                Borrow<int> first = owner.Borrow();
                Borrow<int> second = owner.Borrow();
                owner.Dispose();
                NativeMemoryCache.Trim();
                Assert.Equal((0, 0), (first[0], second[0]));
                Assert.Equal(1, allocator.LiveBlocks);
            });
        NativeMemoryCache.Trim();
        allocator.AssertAllFreed();
    }

    internal static IEnumerable<int[]> Permutations(int count) =>
        count == 0
            ? [[]]
            : Permutations(count - 1).SelectMany(rest => Enumerable.Range(0, count).Select(at => (int[])[.. rest[..at], count - 1, .. rest[at..]]));

    /// <summary>An owner of 10 elements, by the way of that name, and of one live block.</summary>
    private static unsafe NativeMemoryOwner<int> Make(string way, RecordingAllocator allocator)
    {
        switch (way)
        {
            case "ToOwner":
                return NativeBuffer.Create<int>(10, allocator).ToOwner();
            case "Move":
                return NativeMemoryOwner<int>.Create(10, allocator).Move();
            case "Adopt":
                return NativeMemoryOwner<int>.Adopt((int*)allocator.Allocate(40), 10, allocator);
            case "Pool":
                var pool = new NativeMemoryPool<int>(new NativePoolOptions { Allocator = allocator, CachedBytesLimit = 0 });
                return (NativeMemoryOwner<int>)pool.Rent(10);
            case "Resized":
                NativeMemoryOwner<int> resized = NativeMemoryOwner<int>.Create(3, allocator);
                resized.Resize(10);
                return resized;
            case "Other thread":
                NativeMemoryOwner<int>? made = null;
                OtherThread.Run(() => made = NativeMemoryOwner<int>.Create(10, allocator));
                return made!;
            default:
                return NativeMemoryOwner<int>.Create(10, allocator);
        }
    }
}
