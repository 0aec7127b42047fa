using NativeBuffers.Tests.Regions;

namespace NativeBuffers.Tests.Races;

/// <summary>Borrowed memory may be touched until the borrow ends: a fault would end the process.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class RegionRaceTests
{
    private const int Pages = 8;

    private static readonly int s_page = Environment.SystemPageSize;

    [Fact]
    public void Nothing_that_is_borrowed_is_decommitted_or_protected()
    {
        using NativeRegion region = NativeRegion.Reserve(Pages * s_page);
        long borrows = 0;
        long takes = 0;
        var race = new Race { IsEnough = () => Volatile.Read(ref borrows) > 0 && Volatile.Read(ref takes) > 0 };
        race.Run(Take, Protect, Borrow, Borrow);
        Assert.NotEqual(0, borrows);
        Assert.NotEqual(0, takes);

        void Take(Random random)
        {
            int page = random.Next(Pages);
            region.Commit(page * s_page, (Pages - page) * s_page);
            Try(() => region.Decommit(page * s_page, s_page), ref takes);
            Try(() => region.Discard(0, random.Next(Pages) * s_page), ref takes);
        }

        void Protect(Random random)
        {
            int page = random.Next(Pages);
            Try(() => region.Protect(page * s_page, s_page, (PageAccess)random.Next(3)), ref takes);
            region.Commit(page * s_page, s_page);
        }

        void Borrow(Random random)
        {
            int start = random.Next(Pages * s_page);
            int length = random.Next(int.Min((Pages * s_page) - start, 2 * s_page));
            Try(
                () =>
                {
                    if (random.Next(2) == 0)
                    {
                        using Borrow<byte> borrow = region.Borrow<byte>(start, length);
                        borrow.Span.Fill(1);
                        Thread.SpinWait(random.Next(50));
                        borrow.Span.Fill(1);
                    }
                    else
                    {
                        using ReadOnlyBorrow<byte> borrow = region.BorrowReadOnly<byte>(start, length);
                        Assert.True(borrow.Span.IndexOfAnyExceptInRange((byte)0, (byte)1) < 0);
                    }
                },
                ref borrows);
        }
    }

    [Fact]
    public void A_buffer_grows_and_shrinks_under_borrows_that_see_zeros_or_written_values()
    {
        using var buffer = StableBuffer<long>.Reserve(100_000);
        long mark = Mark.Next();
        long borrows = 0;
        long shrinks = 0;
        var race = new Race { IsEnough = () => Volatile.Read(ref borrows) > 0 && Volatile.Read(ref shrinks) > 0 };
        race.Run(Resize, Resize, Borrow, Borrow);
        Assert.NotEqual(0, borrows);
        Assert.NotEqual(0, shrinks);

        void Resize(Random random)
        {
            long before = buffer.Length;
            long length = random.Next(3) == 0 ? random.Next(100_001) : random.Next(3000);
            Try(() => buffer.Resize(length), ref shrinks);
            Assert.InRange(before, 0, 100_000);
        }

        void Borrow(Random random)
        {
            using Borrow<long> borrow = buffer.Borrow();
            Verify(borrow.Span);
            if (borrow.Length > 0)
            {
                borrow.Span[random.Next((int)borrow.Length)..].Fill(mark);
                borrows++;
            }

            Thread.SpinWait(random.Next(100));
            Verify(borrow.Span);
        }

        void Verify(ReadOnlySpan<long> elements) => Assert.True(elements.IndexOfAnyExcept(0, mark) < 0);
    }

    /// <summary>As short as it can be, with pauses, so that two threads meet in the few instructions that matter.</summary>
    [Fact]
    public void A_borrow_that_begins_as_the_buffer_shrinks_has_no_element_that_is_gone()
    {
        using var buffer = StableBuffer<byte>.Reserve(4 * s_page);
        long shrinks = 0;
        long found = 0;
        var race = new Race { IsEnough = () => Volatile.Read(ref shrinks) > 0 && Volatile.Read(ref found) > 0 };
        race.Run(Resize, Borrow);
        Assert.NotEqual(0, shrinks);
        Assert.NotEqual(0, found);

        void Resize(Random random)
        {
            buffer.Resize(4 * s_page);
            Thread.SpinWait(random.Next(20));
            Try(() => buffer.Resize(0), ref shrinks);
        }

        void Borrow(Random random)
        {
            for (int i = 0; i < 5; i++)
            {
                using Borrow<byte> borrow = buffer.Borrow();
                if (borrow.Length > 0)
                {
                    borrow[borrow.Length - 1] = 1;
                    found++;
                }
            }

            Thread.SpinWait(random.Next(200));
        }
    }

    /// <summary>Where one thread alone resizes, it knows what must be there.</summary>
    [Fact]
    public void New_elements_are_zero_while_other_threads_borrow()
    {
        using var buffer = StableBuffer<long>.Reserve(100_000);
        long length = 0;
        var race = new Race();
        race.Run(Resize, Borrow, Borrow);

        void Resize(Random random)
        {
            long next = random.Next(5000);
            try
            {
                buffer.Resize(next);
            }
            catch (InvalidOperationException)
            {
                Assert.True(next < length);
                Assert.Equal(length, buffer.Length);
                return;
            }

            using Borrow<long> borrow = buffer.Borrow();
            Assert.Equal(next, borrow.Length);
            if (next > length)
            {
                Assert.True(borrow.Span[(int)length..].IndexOfAnyExcept(0) < 0);
                borrow.Span[(int)length..].Fill(1);
            }

            Assert.True(borrow.Span.IndexOfAnyExcept(1) < 0);
            length = next;
        }

        void Borrow(Random random)
        {
            using Borrow<long> borrow = buffer.Borrow();
            Assert.True(borrow.Span.IndexOfAnyExcept(0, 1) < 0);
            Thread.SpinWait(random.Next(100));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Dispose_races_with_everything_and_frees_each_region_once(bool wipes)
    {
        long reserved = 0;
        long freed = 0;
        NativeRegion current = Make(out ObservedMemory system);
        var systems = new List<ObservedMemory> { system };
        int made = 1;
        var race = new Race { IsEnough = () => Volatile.Read(ref made) > 10 };
        race.Run(Use, Use, Dispose);
        current.Dispose();
        foreach (ObservedMemory each in systems)
        {
            reserved += each.ReservedByteCount;
            freed += each.FreedByteCount;
        }

        Assert.Equal(reserved, freed);
        Assert.True(systems.Count > 10, $"{systems.Count} regions.");

        NativeRegion Make(out ObservedMemory system)
        {
            system = new ObservedMemory();
            return NativeRegion.Reserve(Pages * s_page, new NativeRegionOptions { WipeOnFree = wipes }, system);
        }

        void Dispose(Random random)
        {
            Thread.SpinWait(random.Next(2000));
            NativeRegion next = Make(out ObservedMemory system);
            systems.Add(system);
            Volatile.Write(ref made, systems.Count);
            NativeRegion last = Interlocked.Exchange(ref current, next);
            last.Dispose();
            Assert.Throws<ObjectDisposedException>(() => last.Commit(0, s_page));
        }

        void Use(Random random)
        {
            NativeRegion region = Volatile.Read(ref current);
            int start = random.Next(Pages) * s_page;
            try
            {
                switch (random.Next(8))
                {
                    case 0:
                        region.Decommit(start, s_page);
                        break;
                    case 1:
                        region.Protect(start, s_page, (PageAccess)random.Next(3));
                        break;
                    case 2:
                        region.Discard(start, s_page);
                        break;
                    case 3:
                        _ = region.TryLock(start, s_page);
                        region.Unlock(start, s_page);
                        break;
                    case 4:
                        using (Borrow<byte> borrow = region.Borrow<byte>(start, s_page))
                        {
                            borrow.Span.Fill(1);
                            Thread.SpinWait(random.Next(50));
                            borrow.Span.Fill(2);
                        }

                        break;
                    default:
                        region.Commit(start, (Pages * s_page) - start);
                        break;
                }
            }
            catch (ObjectDisposedException)
            {
                Assert.True(region.IsDisposed);
            }
            catch (InvalidOperationException)
            {
                // Another thread was in, or the page is not committed.
            }
        }
    }

    [Fact]
    public void Dispose_of_a_buffer_races_with_growth_and_borrows()
    {
        var current = StableBuffer<long>.Reserve(100_000);
        var race = new Race();
        race.Run(Use, Use, Dispose);
        current.Dispose();

        void Dispose(Random random)
        {
            Thread.SpinWait(random.Next(3000));
            Interlocked.Exchange(ref current, StableBuffer<long>.Reserve(100_000)).Dispose();
        }

        void Use(Random random)
        {
            StableBuffer<long> buffer = Volatile.Read(ref current);
            try
            {
                buffer.Resize(random.Next(20_000));
                using Borrow<long> borrow = buffer.Borrow();
                borrow.Span.Fill(1);
            }
            catch (ObjectDisposedException)
            {
                Assert.True(buffer.IsDisposed);
            }
            catch (InvalidOperationException)
            {
                // It would have shrunk under another borrower.
            }
        }
    }

    private static void Try(Action use, ref long successes)
    {
        try
        {
            use();
            Interlocked.Increment(ref successes);
        }
        catch (InvalidOperationException)
        {
            // Another thread was in, or the page is not committed.
        }
    }
}
