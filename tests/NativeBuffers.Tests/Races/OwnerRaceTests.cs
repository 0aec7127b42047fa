using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Races;

/// <summary>Threads borrow, pin, resize, move and dispose the same owners at once. No thread sees foreign bytes; all is freed once.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class OwnerRaceTests
{
    private const int Length = 64;

    [Theory]
    [InlineData("Recording")]
    [InlineData("Default")]
    [InlineData("Pooled")]
    public void A_use_finds_the_elements_or_throws(string kind)
    {
        var allocator = new RecordingAllocator();
        NativeMemoryOwner<int> current = Make(1);
        long uses = 0;
        bool stop = false;
        OtherThread.Together(Borrower, Pinner, Borrower, Replacer);
        current.Dispose();
        allocator.AssertAllFreed();
        Assert.True(uses > 1000, $"{uses} uses.");

        NativeMemoryOwner<int> Make(int id)
        {
            NativeMemoryOwner<int> owner = kind switch
            {
                "Recording" => NativeMemoryOwner<int>.CreateUninitialized(Length, allocator),
                "Pooled" => (NativeMemoryOwner<int>)NativeMemoryPool<int>.Shared.Rent(Length),
                _ => NativeMemoryOwner<int>.CreateUninitialized(Length),
            };
            owner.GetSpan().Fill(id);
            return owner;
        }

        void Borrower()
        {
            while (!Volatile.Read(ref stop))
            {
                try
                {
                    using Borrow<int> borrow = Volatile.Read(ref current).Borrow();
                    AssertUniform(borrow.Span);
                    Interlocked.Increment(ref uses);
                }
                catch (ObjectDisposedException)
                {
                }
            }
        }

        void Pinner()
        {
            while (!Volatile.Read(ref stop))
            {
                try
                {
                    NativeMemoryOwner<int> owner = Volatile.Read(ref current);
                    using System.Buffers.MemoryHandle handle = owner.Pin();
                    unsafe
                    {
                        AssertUniform(new ReadOnlySpan<int>(handle.Pointer, Length));
                    }
                }
                catch (ObjectDisposedException)
                {
                }
            }
        }

        void Replacer()
        {
            try
            {
                int id = 1;
                for (var watch = Stopwatch.StartNew(); Race.GoesOn(watch, Volatile.Read(ref uses) > 1000);)
                {
                    NativeMemoryOwner<int> next = Make(++id);
                    NativeMemoryOwner<int> last = Interlocked.Exchange(ref current, next);
                    if (id % 3 == 0)
                    {
                        try
                        {
                            last.Move().Dispose();
                        }
                        catch (InvalidOperationException)
                        {
                        }
                    }

                    last.Dispose();
                }
            }
            finally
            {
                Volatile.Write(ref stop, true);
            }
        }
    }

    [Fact]
    public void Borrows_wait_for_a_resize_and_never_see_it_half_done()
    {
        foreach (NativeAllocator? allocator in new NativeAllocator?[] { null, new RecordingAllocator() })
        {
            NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.Create(Length, allocator);
            owner.GetSpan().Fill(1);
            bool stop = false;
            OtherThread.Together(Borrower, Borrower, Resizer);
            Assert.False(owner.IsDisposed);
            owner.Dispose();
            (allocator as RecordingAllocator)?.AssertAllFreed();

            void Borrower()
            {
                while (!Volatile.Read(ref stop))
                {
                    using (Borrow<int> borrow = owner.Borrow())
                    {
                        Assert.True(borrow.Length >= Length);
                        AssertUniform(borrow.Span[..Length]);
                        Assert.Equal(-1, borrow.Span[Length..].IndexOfAnyExcept(0));
                    }

                    // A call during another thread's resize waits. It is not inside the borrow, or there would always be one.
                    Assert.False(owner.IsDisposed);
                    Assert.True(owner.Length >= Length);
                    Assert.True(owner.Memory.Length >= Length);
                    Thread.SpinWait(200);
                }
            }

            void Resizer()
            {
                try
                {
                    int resized = 0;
                    int turn = 0;
                    for (var watch = Stopwatch.StartNew(); Race.GoesOn(watch, resized > 0); turn++)
                    {
                        try
                        {
                            owner.Resize(Length + (turn * 37 % 2000) + (turn % 50 == 0 ? 70_000 : 0));
                            resized++;
                        }
                        catch (InvalidOperationException)
                        {
                        }
                    }

                    Assert.True(resized > 0, $"Resized {resized} times of {turn}.");
                }
                finally
                {
                    Volatile.Write(ref stop, true);
                }
            }
        }
    }

    [Fact]
    public void A_use_of_a_disposed_owner_does_not_block_a_resize_of_the_slots_next_owner()
    {
        Needs.Caches();
        NativeMemoryOwner<int> stale = NativeMemoryOwner<int>.Create(Length);
        ref int first = ref MemoryMarshal.GetReference(stale.GetSpan());
        stale.Dispose();
        NativeMemoryOwner<int>[] next = [.. Enumerable.Range(0, 1000).Select(_ => NativeMemoryOwner<int>.Create(Length))];
        NativeMemoryOwner<int>? owner = null;
        foreach (NativeMemoryOwner<int> each in next)
        {
            if (Unsafe.AreSame(ref first, ref MemoryMarshal.GetReference(each.GetSpan())))
            {
                owner = each;
            }
        }

        Assert.NotNull(owner);
        bool stop = false;
        OtherThread.Together(UseStale, UseStale, Resizer);
        Array.ForEach(next, static each => each.Dispose());

        void UseStale()
        {
            while (!Volatile.Read(ref stop))
            {
                Assert.Throws<ObjectDisposedException>(() => stale.Borrow().Dispose());
                Assert.Throws<ObjectDisposedException>(() => stale.Pin().Dispose());
            }
        }

        void Resizer()
        {
            try
            {
                int turn = 0;
                for (var watch = Stopwatch.StartNew(); Race.GoesOn(watch);)
                {
                    owner.Borrow().Dispose();
                    owner.Resize(Length + (turn++ % 10));
                }
            }
            finally
            {
                Volatile.Write(ref stop, true);
            }
        }
    }

    private static void AssertUniform(ReadOnlySpan<int> elements)
    {
        if (elements.IndexOfAnyExcept(elements[0]) >= 0
            || (byte)elements[0] == RecordingAllocator.Spoiled && elements[0] >> 24 == unchecked((sbyte)RecordingAllocator.Spoiled))
        {
            Assert.Fail($"Mixed elements, or freed ones: {elements[0]:X}");
        }
    }
}
