using System.Buffers;
using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Tests.Races;

/// <summary>Resize, Move and Release against everything else.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class ExclusiveRaceTests
{
    /// <summary>The number of marked elements at the start of each owner; later elements hold the mark or zero.</summary>
    private const int Least = 8;

    private static readonly int[] s_lengths = [8, 9, 60, 200, 1000, 5000, 33_000, 34_000];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Each_borrower_sees_one_length_and_its_elements(bool isPoisoning)
    {
        PoisoningAllocator? allocator = isPoisoning ? new() : null;
        long mark = Mark.Next();
        NativeMemoryOwner<long> current = Marked();
        var race = new Race();
        race.Run(Resize, Borrow, Pin, Look, Dispose);
        current.Dispose();
        allocator?.AssertAllCameBack();

        NativeMemoryOwner<long> Marked()
        {
            var owner = NativeMemoryOwner<long>.Create(Least, allocator);
            owner.GetSpan().Fill(mark);
            return owner;
        }

        void Resize(Random random) => Try(owner => owner.Resize(s_lengths[random.Next(random.Next(10) == 0 ? 8 : 5)]));

        void Borrow(Random random) => Try(
            owner =>
            {
                using Borrow<long> borrow = owner.Borrow();
                Assert.Contains((int)borrow.Length, s_lengths);
                Verify(borrow.Span);
                borrow.Span[..Least].Fill(mark);
                Thread.SpinWait(random.Next(50));
                Verify(borrow.Span);
            });

        void Pin(Random random) => Try(
            owner =>
            {
                using MemoryHandle handle = owner.Pin();
                unsafe
                {
                    var elements = new Span<long>(handle.Pointer, Least);
                    Mark.Use(elements, mark, random);
                }
            });

        void Look(Random random) => Try(
            owner =>
            {
                // Not touched: the span does not hold the memory.
                Assert.Contains(owner.GetSpan().Length, s_lengths);
                Memory<long> memory = owner.Memory;
                Assert.Contains(memory.Length, s_lengths);
                Assert.InRange(owner.Length, 0, 34_000);
                Assert.True(memory.Pin() is var handle);
                handle.Dispose();
            });

        void Dispose(Random random)
        {
            Thread.SpinWait(random.Next(2000));
            NativeMemoryOwner<long> last = Interlocked.Exchange(ref current, Marked());
            last.Dispose();
            Assert.Throws<ObjectDisposedException>(() => last.Resize(9));
            Assert.Throws<ObjectDisposedException>(() => last.GetSpan().Length);
            Assert.Equal(0, last.Length);
        }

        void Try(Action<NativeMemoryOwner<long>> use)
        {
            NativeMemoryOwner<long> owner = Volatile.Read(ref current);
            try
            {
                use(owner);
            }
            catch (ObjectDisposedException)
            {
                Assert.True(owner.IsDisposed);
            }
            catch (InvalidOperationException)
            {
                // Another thread was in.
            }
            catch (ArgumentOutOfRangeException)
            {
                // A memory that was as long as the owner before it was resized.
            }
        }

        void Verify(ReadOnlySpan<long> elements)
        {
            Mark.Verify(elements[..Least], mark);
            int index = elements[Least..].IndexOfAnyExcept(0, mark);
            Assert.True(index < 0, index < 0 ? "" : $"Element {index + Least} of {elements.Length} holds {elements[index + Least]:X}.");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_the_threads_that_move_release_and_dispose_exactly_one_has_the_block(bool isPoisoning)
    {
        PoisoningAllocator? allocator = isPoisoning ? new() : null;
        var current = new MarkedOwner(20, allocator);
        var race = new Race();
        race.Run(Take, Take, Borrow);
        current.Owner.Dispose();
        allocator?.AssertAllCameBack();

        void Borrow(Random random) => _ = Volatile.Read(ref current).TryBorrow(random);

        void Take(Random random)
        {
            MarkedOwner last = Volatile.Read(ref current);
            try
            {
                switch (random.Next(4))
                {
                    case 0:
                        using (NativeMemoryOwner<long> moved = last.Owner.Move())
                        {
                            Assert.True(last.Owner.IsDisposed);
                            Mark.Verify(moved.GetSpan(), moved.GetSpan()[0]);
                        }

                        break;
                    case 1:
                        unsafe
                        {
                            long* released = last.Owner.Release();
                            Mark.Verify(new Span<long>(released, 20), released[0]);
                            (allocator ?? NativeAllocator.Default).Free(released, 20 * sizeof(long));
                        }

                        break;
                    default:
                        last.Owner.Dispose();
                        break;
                }

                Volatile.Write(ref current, new MarkedOwner(20, allocator));
            }
            catch (ObjectDisposedException)
            {
            }
            catch (InvalidOperationException)
            {
            }
        }
    }

    [Fact]
    public void Attempts_on_a_disposed_owner_do_not_make_the_next_owner_of_its_slot_look_used()
    {
        NativeMemoryOwner<long>? disposed = null;
        var race = new Race();
        race.Run(
            random =>
            {
                using var owner = NativeMemoryOwner<long>.Create(8);
                owner.Resize(7);
                owner.Resize(8);
                if (disposed is null)
                {
                    owner.Dispose();
                    Volatile.Write(ref disposed, owner);
                }
            },
            random =>
            {
                if (Volatile.Read(ref disposed) is { } owner)
                {
                    Assert.Throws<ObjectDisposedException>(() => owner.Pin());
                    Assert.Throws<ObjectDisposedException>(() => owner.Borrow().Dispose());
                    Assert.Throws<ObjectDisposedException>(() => owner.Resize(9));
                }
            });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_owner_that_was_disposed_while_it_was_resized_is_never_open_again(bool isResized)
    {
        NativeMemoryOwner<byte>? owner = null;
        NativeMemoryOwner<byte>? room = null;
        NativeMemoryOwner<byte>? asked = null;
        var race = new Race();
        NativeMemoryBudget budget = NativeAllocator.Malloc.WithBudget(new()
        {
            Limit = 1100,
            OnRefusal = _ =>
            {
                Volatile.Write(ref asked, owner);
                while (Volatile.Read(ref asked) is not null && !race.IsOver)
                {
                    Thread.SpinWait(1);
                }

                room?.Dispose();
                return isResized;
            },
        });
        race.Run(Resize, Dispose);

        void Resize(Random random)
        {
            owner = NativeMemoryOwner<byte>.Create(50, budget);
            room = NativeMemoryOwner<byte>.Create(1000, budget);
            Exception? thrown = Record.Exception(() => owner.Resize(1000));
            room.Dispose();
            if (!race.IsOver)
            {
                Assert.IsType(isResized ? typeof(ObjectDisposedException) : typeof(OutOfMemoryException), thrown);
                Assert.Equal(0, budget.UsedBytes);
            }
        }

        void Dispose(Random random)
        {
            if (Volatile.Read(ref asked) is not { } disposed)
            {
                return;
            }

            disposed.Dispose();
            Volatile.Write(ref asked, null);
            for (int i = 0; i < 100; i++)
            {
                Assert.True(disposed.IsDisposed, "It is open again.");
            }

            Assert.Throws<ObjectDisposedException>(() => disposed.Borrow().Dispose());
        }
    }
}
