using System.Runtime.InteropServices;
using NativeBuffers.Tests.Buffers;
using static NativeBuffers.Tests.Lists.ListMisuse;

namespace NativeBuffers.Tests.Races;

/// <summary>The home of a list uses the block without an announcement, while other threads take the first block, replace, retire or close it.</summary>
/// <remarks>The elements are marked as in <see cref="NativeListRaceTests"/>.</remarks>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class ListHomeRaceTests
{
    [Fact]
    public void First_elements_from_several_threads_and_a_dispose_stay_inside_the_list()
    {
        var race = new Race();
        var rendezvous = new Rendezvous(race, 3);
        NativeList<long> current = null!;
        race.Run(Add, Add, Begin, Disturb);

        void Begin(Random random)
        {
            var list = new NativeList<long>();
            Volatile.Write(ref current, list);
            if (rendezvous.Meet())
            {
                Use(list, random);
            }

            bool isAlone = rendezvous.Meet();
            list.Dispose();
            if (isAlone)
            {
                Assert.Equal(0, list.LongCount);
                Assert.Throws<ObjectDisposedException>(() => list.Add(MarkedElement));
            }
        }

        void Add(Random random)
        {
            if (rendezvous.Meet())
            {
                Use(Volatile.Read(ref current), random);
                _ = rendezvous.Meet();
            }
        }

        static void Use(NativeList<long> list, Random random) => Try(
            () =>
            {
                Thread.SpinWait(random.Next(100));
                if (random.Next(4) == 0)
                {
                    list.Dispose();
                }

                for (int i = random.Next(20); i >= 0; i--)
                {
                    list.Add(MarkedElement);
                }

                Verify(list.ToArray());
            });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_thread_that_made_a_list_uses_its_fast_path_while_other_threads_come_in(bool isPoisoning)
    {
        PoisoningAllocator? allocator = isPoisoning ? new() : null;
        NativeList<long>? current = null;
        new Race().Run(
            random =>
            {
                using var list = new NativeList<long>(random.Next(20), allocator);
                Volatile.Write(ref current, list);
                for (int i = random.Next(400); i >= 0; i--)
                {
                    Try(() => list.Add(MarkedElement));
                    Try(() => VerifyOne(list[i / 2]));
                    Try(() => list[i / 3] = MarkedElement);
                }
            },
            random => ComeIn(list => list.TrimExcess(), random),
            random => ComeIn(list => list.EnsureCapacity(list.Capacity + 1), random),
            random => ComeIn(list => UseBorrowed(list, random), random),
            Disturb);
        allocator?.AssertAllCameBack();

        void ComeIn(Action<NativeList<long>> use, Random random)
        {
            if (Volatile.Read(ref current) is { } list)
            {
                Thread.SpinWait(random.Next(500));
                Try(() => use(list));
                if (random.Next(20) == 0)
                {
                    list.Dispose();
                }
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_element_is_not_freed_during_a_long_copy(bool isPoisoning)
    {
        PoisoningAllocator? allocator = isPoisoning ? new() : null;
        NativeList<Wide>? current = null;
        new Race().Run(
            random =>
            {
                Wide item = default;
                MemoryMarshal.AsBytes(new Span<Wide>(ref item)).Fill(0x41);
                using var list = new NativeList<Wide>(2, allocator);
                Volatile.Write(ref current, list);
                for (int i = random.Next(20); i >= 0; i--)
                {
                    Try(() => list.Add(item));
                    Try(() => list[0] = item);
                    Try(
                        () =>
                        {
                            Wide read = list[0];
                            Verify(read);
                        });
                }
            },
            random =>
            {
                Thread.SpinWait(random.Next(2000));
                NativeList<Wide>? list = Volatile.Read(ref current);
                if (random.Next(3) == 0)
                {
                    Try(() => list?.EnsureCapacity(list.Capacity + 1));
                }

                list?.Dispose();
            },
            static random =>
            {
                // Blocks that lists of one, two and four elements have given back.
                using var other = NativeBuffer.CreateUninitialized<Wide>(1 << random.Next(3));
                MemoryMarshal.AsBytes(other.AsSpan()).Fill(0xEE);
            });
        allocator?.AssertAllCameBack();
    }

    [Fact]
    public void A_large_block_is_not_freed_while_its_home_copies_to_it()
    {
        const int Length = 1 << 20;
        byte[] source = new byte[Length];
        source.AsSpan().Fill(0x41);
        NativeList<byte>? current = null;
        new Race().Run(
            _ =>
            {
                using var list = new NativeList<byte>(Length);
                Volatile.Write(ref current, list);
                Try(() => list.AddRange(source.AsSpan()));
            },
            random =>
            {
                Thread.SpinWait(random.Next(2000));
                NativeList<byte>? list = Volatile.Read(ref current);
                if (random.Next(2) == 0)
                {
                    Try(() => list?.EnsureCapacity(Length + 1));
                }

                // Then a freed block is unmapped, and a write to it ends the process.
                list?.Dispose();
                NativeMemoryCache.Trim();
            });
    }

    [Fact]
    public void The_count_of_a_later_block_never_leads_the_home_outside_of_the_first_one()
    {
        const int Length = 2000;
        long[] many = new long[Length];
        many.AsSpan().Fill(MarkedElement);
        NativeList<long>? current = null;
        NativeMemoryOwner<byte>[] neighbours = [];
        new Race().Run(
            random =>
            {
                if (neighbours.Length == 0)
                {
                    // Blocks of the same size, around those of the lists.
                    neighbours = [.. Enumerable.Range(0, Length / 8).Select(static _ => NativeMemoryOwner.Create<byte>(64))];
                    Array.ForEach(neighbours, static owner => owner.Fill(0xEE));
                    Array.ForEach(neighbours[50..90], static owner => owner.Dispose());
                }

                using var list = new NativeList<long> { MarkedElement };
                Volatile.Write(ref current, list);
                for (int i = 0; i < 20; i++)
                {
                    Try(() => VerifyOne(list[random.Next(Length)]));
                }
            },
            random =>
            {
                Thread.SpinWait(random.Next(200));
                Try(() => Volatile.Read(ref current)?.AddRange(many.AsSpan()));
            });
        Array.ForEach(neighbours, static owner => owner.Dispose());
    }

    [Fact]
    public void A_list_that_goes_from_thread_to_thread_loses_nothing()
    {
        var list = new NativeList<long>();
        var race = new Race();
        var turns = new Rendezvous(race, 2);
        long expected = 0;
        int turn = 0;
        race.Run(random => Take(0, random), random => Take(1, random));
        list.Dispose();

        void Take(int mine, Random random)
        {
            if (Volatile.Read(ref turn) % 2 == mine)
            {
                Assert.Equal(expected, list.LongCount);
                for (int i = random.Next(200); i >= 0; i--)
                {
                    list.Add(MarkedElement + expected);
                    expected++;
                }

                Assert.Equal(MarkedElement, list[0]);
                Assert.Equal(MarkedElement + expected - 1, list[expected - 1]);
                if (expected > 60_000)
                {
                    list.Clear();
                    list.TrimExcess();
                    expected = 0;
                }
            }

            if (turns.Meet() && mine == 0)
            {
                Volatile.Write(ref turn, turn + 1);
            }

            _ = turns.Meet();
        }
    }

    [System.Runtime.CompilerServices.InlineArray(2048)]
    private struct Wide
    {
        private long _first;
    }
}
