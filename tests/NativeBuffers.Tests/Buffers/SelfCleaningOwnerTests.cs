using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using NativeBuffers.Buffers;
using NativeBuffers.Primitives;

namespace NativeBuffers.Tests.Buffers;

/// <summary>Owners of both shapes, with a cleaner and with a finalizer: freed once after no code can reach them, and not before.</summary>
[Collection(ProcessWide.Name)]
[CorrectProgram]
[Slow]
[SuppressMessage("Ownership", "NB0001", Justification = "The tests forget owners.")]
public class SelfCleaningOwnerTests
{
    private const int Length = 48;
    private static NativeMemoryOwner<int>? s_saved;

    private static readonly Dictionary<string, Action<NativeMemoryOwner<int>>> s_ways = new()
    {
        ["created"] = static _ => { },
        ["grown"] = static owner => owner.Resize(1000),
        ["shrunk"] = static owner => owner.Resize(3),
        ["moved"] = static owner => owner.Move(),
        ["moved twice"] = static owner => owner.Move().Move(),
        ["moved as another type"] = static owner => owner.MoveAs<long>(),
        ["pinned before"] = static owner => owner.Pin(2).Dispose(),
        ["unpinned by itself"] = static owner =>
        {
            _ = owner.Pin();
            owner.Unpin();
        },
        ["memory taken"] = static owner => owner.Memory.Span.Fill(3),
        ["window taken"] = static owner =>
        {
            owner.Resize(5);
            owner.Memory.Span.Fill(3);
        },
        ["retained before"] = static owner => owner.Retain().Dispose(),
        ["borrowed before"] = static owner => owner.Borrow().Dispose(),
        ["borrowed elsewhere before"] = static owner => OtherThread.Run(() => owner.Borrow().Dispose()),
        ["enumerated"] = static owner =>
        {
            foreach (int item in owner)
            {
                Assert.Equal(0, item);
            }
        },
        ["taken by a list"] = static owner => NativeList.FromOwner(owner).Add(1),
        ["taken by a list and back"] = static owner => NativeList.FromOwner(owner).ToOwner(),
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_forgotten_owner_is_freed_and_counted_once(bool cleansItself)
    {
        // All ways together: a full collection takes as long for one owner as for all.
        Collector.Settle();
        long before = NativeMemoryTracker.AbandonedCount;
        (string Way, Func<bool> IsFreed)[] forgotten =
            [.. from way in s_ways from _ in Enumerable.Range(0, 5) select (way.Key, Forget(cleansItself, way.Value))];
        _ = Collector.Until(() => forgotten.All(static each => each.IsFreed()));
        Assert.Empty(forgotten.Where(static each => !each.IsFreed()).Select(static each => each.Way).Distinct());
        _ = Collector.Until(() => NativeMemoryTracker.AbandonedCount >= before + forgotten.Length);
        Collector.Settle();
        Assert.Equal(before + forgotten.Length, NativeMemoryTracker.AbandonedCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public unsafe void A_use_that_goes_on_keeps_the_block_of_a_forgotten_owner(bool cleansItself)
    {
        var allocator = new RecordingAllocator();
        using (IMemoryOwner<int> retained = Retain(allocator, cleansItself))
        {
            using MemoryHandle pin = Pin(allocator, cleansItself);
            Collector.Settle();
            Assert.Equal(2, allocator.LiveBlocks);
            Assert.Equal(7, *(int*)pin.Pointer);
            Assert.Equal(-1, retained.Memory.Span.IndexOfAnyExcept(7));
        }

        Assert.True(Collector.Until(() => allocator.LiveBlocks == 0));
        allocator.AssertAllFreed();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static IMemoryOwner<int> Retain(RecordingAllocator allocator, bool cleansItself)
        {
            NativeMemoryOwner<int> owner = Create(cleansItself, allocator);
            owner.Fill(7);
            return owner.Retain();
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static MemoryHandle Pin(RecordingAllocator allocator, bool cleansItself)
        {
            NativeMemoryOwner<int> owner = Create(cleansItself, allocator);
            owner.Fill(7);
            return owner.Pin();
        }
    }

    [Theory]
    [InlineData("disposed")]
    [InlineData("disposed elsewhere")]
    [InlineData("moved")]
    [InlineData("released")]
    [InlineData("taken by a list")]
    public void An_owner_without_a_block_leaves_no_finalizer(string how)
    {
        WeakReference[] ended = EndMany(how);
        GC.Collect();

        // An object whose finalizer must still run is not gone after one collection.
        Assert.DoesNotContain(ended, static reference => reference.Target is not null);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference[] EndMany(string how)
        {
            var allocator = new RecordingAllocator();
            NativeMemoryOwner<int>[] owners = [.. Enumerable.Range(0, 20).Select(_ => Create(cleansItself: true, allocator))];
            Action<NativeMemoryOwner<int>> end = how switch
            {
                "moved" => static owner => owner.Move().Dispose(),
                "released" => Release,
                "taken by a list" => static owner => NativeList.FromOwner(owner).Dispose(),
                _ => static owner => owner.Dispose(),
            };
            if (how == "disposed elsewhere")
            {
                OtherThread.Run(() => Array.ForEach(owners, end));
            }
            else
            {
                Array.ForEach(owners, end);
            }

            allocator.AssertAllFreed();
            return [.. owners.Select(static owner => new WeakReference(owner, trackResurrection: true))];
        }

        static unsafe void Release(NativeMemoryOwner<int> owner)
        {
            NativeAllocator allocator = owner.Allocator;
            allocator.Free(owner.Release(), Length * sizeof(int));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_owner_that_a_finalizer_makes_reachable_again_reaches_no_memory_that_is_not_its_own(bool cleansItself)
    {
        var allocator = new RecordingAllocator();
        Save(allocator, cleansItself);
        Assert.True(Collector.Until(static () => s_saved is not null));
        Collector.Settle();
        NativeMemoryOwner<int> saved = s_saved!;
        s_saved = null;
        if (saved.IsDisposed)
        {
            Assert.Equal(0, allocator.LiveBlocks);
            Assert.Equal(0, saved.Length);
            Assert.Throws<ObjectDisposedException>(() => saved.Borrow().Dispose());
            Assert.Throws<ObjectDisposedException>(() => saved.Memory);
            Assert.Throws<ObjectDisposedException>(() => saved.Pin());
            Assert.Throws<ObjectDisposedException>(() => saved.Retain());
            Assert.Throws<ObjectDisposedException>(() => saved.Resize(10));
            Assert.Throws<ObjectDisposedException>(() => saved.Resize(1000));
            Assert.Throws<ObjectDisposedException>(saved.Move);
            Assert.Throws<ObjectDisposedException>(() => NativeList.FromOwner(saved));
        }
        else
        {
            saved.Fill(1);
        }

        saved.Unpin();
        saved.Dispose();
        saved.Dispose();
        allocator.AssertAllFreed();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Save(RecordingAllocator allocator, bool cleansItself) => _ = new Saver(Create(cleansItself, allocator));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Threads_that_dispose_at_once_free_the_block_once(bool cleansItself)
    {
        Collector.Settle();
        var allocator = new RecordingAllocator();
        long before = NativeMemoryTracker.AbandonedCount;
        for (int i = 0; i < 50; i++)
        {
            NativeMemoryOwner<int> owner = Create(cleansItself, allocator);
            OtherThread.Together(owner.Dispose, owner.Dispose, owner.Dispose);
            Assert.True(owner.IsDisposed);
        }

        Collector.Settle();
        allocator.AssertAllFreed();
        Assert.Equal(before, NativeMemoryTracker.AbandonedCount);
    }

    [Fact]
    public void Members_of_an_owner_that_is_forgotten_during_the_call_do_their_work_while_the_collector_runs()
    {
        bool isOver = false;
        int rounds = 0;
        OtherThread.Together(
            () =>
            {
                try
                {
                    for (; !Volatile.Read(ref isOver); rounds++)
                    {
                        UseOnce(rounds);
                    }
                }
                finally
                {
                    Volatile.Write(ref isOver, true);
                }
            },
            () =>
            {
                for (var watch = Stopwatch.StartNew(); !Volatile.Read(ref isOver) && Race.GoesOn(watch, Volatile.Read(ref rounds) > 20);)
                {
                    Collector.Collect();
                }

                Volatile.Write(ref isOver, true);
            });

        // Each statement is the last use of its owner.
        [MethodImpl(MethodImplOptions.NoInlining)]
        static void UseOnce(int seed)
        {
            Assert.Equal(Length, Filled(seed).Length);
            Assert.False(Filled(seed).IsDisposed);
            Assert.Equal(Length, Filled(seed).Memory.Length);
            Assert.Equal(seed, Filled(seed).Memory.Span[Length - 1]);
            Assert.Equal(seed, Filled(seed).ToArray()[Length - 1]);
            Filled(seed).Clear();
            Filled(seed).Fill(4);
            Filled(seed).Resize(1000);
            Filled(seed).Resize(2);
            Assert.Equal(Length, Filled(seed).Move().Length);
            Assert.Equal(seed, Filled(seed).Move().ToArray()[3]);
            Filled(seed).Pin(3).Dispose();
            Assert.NotNull(Filled(seed).Allocator);
            using IMemoryOwner<int> retained = Filled(seed).Retain(0, Length);
            Assert.Equal(seed, retained.Memory.Span[Length - 1]);
            using Borrow<int> borrow = Filled(seed).Borrow();
            Assert.Equal(-1, borrow.Span.IndexOfAnyExcept(seed));
            using var list = NativeList.FromOwner(Filled(seed));
            Assert.Equal(seed, list[Length - 1]);
            foreach (int item in Filled(seed))
            {
                Assert.Equal(seed, item);
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static NativeMemoryOwner<int> Filled(int seed)
        {
            NativeMemoryOwner<int> owner = Create(cleansItself: seed % 4 != 0);
            owner.Fill(seed);
            return owner;
        }
    }

    [Fact]
    public void A_refusal_of_memory_at_any_place_gives_the_block_back() =>
        // A new thread keeps no slots of earlier tests, for which it would ask for no memory.
        OtherThread.Run(static () =>
        {
            var allocator = new RecordingAllocator();
            bool goesOn = true;
            int refused = 0;
            for (int failing = 0; goesOn; failing++)
            {
                int asked = 0;
                try
                {
                    FailPoint.Test(() => asked++ == failing, () => MoveAndGrow(allocator));
                    goesOn = asked > failing;
                }
                catch (OutOfMemoryException)
                {
                    refused++;
                }

                Assert.InRange(failing, 0, 1000);
                Assert.Equal(0, allocator.LiveBlocks);
            }

            Assert.InRange(refused, 2, 1000);
            allocator.AssertAllFreed();
        });

    private static void MoveAndGrow(RecordingAllocator allocator)
    {
        using NativeMemoryOwner<int> owner = Create(cleansItself: true, allocator);
        owner.Pin().Dispose();
        owner.Resize(10);
        using NativeMemoryOwner<int> moved = owner.Move();
        using var list = NativeList.FromOwner(moved);
        list.Add(1);
    }

    /// <summary>Creates owners until one has the shape.</summary>
    private static NativeMemoryOwner<int> Create(bool cleansItself, NativeAllocator? allocator = null)
    {
        var others = new Stack<NativeMemoryOwner<int>>();
        try
        {
            while (true)
            {
                NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.Create(Length, allocator);
                if (owner is SelfCleaningOwner<int> == cleansItself)
                {
                    return owner;
                }

                if (cleansItself)
                {
                    // Another slot.
                    others.Push(owner);
                }
                else
                {
                    // The same slot again, which has a cleaner soon.
                    owner.Dispose();
                }
            }
        }
        finally
        {
            while (others.TryPop(out NativeMemoryOwner<int>? other))
            {
                other.Dispose();
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Func<bool> Forget(bool cleansItself, Action<NativeMemoryOwner<int>> use)
    {
        var allocator = new RecordingAllocator();
        use(Create(cleansItself, allocator));
        return () => allocator.LiveBlocks == 0;
    }

    private sealed class Saver(NativeMemoryOwner<int> owner)
    {
        ~Saver() => s_saved = owner;
    }
}
