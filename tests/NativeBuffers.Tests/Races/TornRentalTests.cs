using System.Buffers;
using System.Reflection;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Tests.Races;

/// <summary>Every pooled buffer that can be put together from the words of two rentals, of an ended one, and of <c>default</c>.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public sealed class TornRentalTests
{
    private const int Small = 200;
    private const int Large = 1000;

    private static readonly NativeMemoryPool<byte> s_pool = NativeMemoryPool<byte>.Shared;

    /// <summary>Members that throw nothing, each with the elements that it reports.</summary>
    private static readonly (string Name, Func<PooledBuffer<byte>, int> Use)[] s_questions =
    [
        ("Length", static buffer => buffer.Length),
        ("IsDisposed", static buffer => buffer.IsDisposed ? 0 : buffer.Length),
        ("Dispose", static buffer => Do(buffer.Dispose)),
        ("IDisposable.Dispose", static buffer => Do(((IDisposable)buffer).Dispose)),
    ];

    /// <summary>Members that lead to elements, each with those elements, in this rental's block if there is one.</summary>
    private static readonly (string Name, Func<Rental, PooledBuffer<byte>, int> Use)[] s_ways =
    [
        ("AsSpan()", static (rental, buffer) => LengthOf(rental, buffer.AsSpan())),
        ("AsSpan(0)", static (rental, buffer) => LengthOf(rental, buffer.AsSpan(0))),
        ("AsSpan(0, 0)", static (rental, buffer) => LengthOf(rental, buffer.AsSpan(0, 0))),
        ("Slice(0, 0)", static (rental, buffer) => LengthOf(rental, buffer.Slice(0, 0))),
        ("Item", static (rental, buffer) => !buffer.IsDisposed && buffer.Length == 0 ? 0 : LengthOf(rental, new ReadOnlySpan<byte>(in buffer[0]))),
        ("op_Implicit: Span", static (rental, buffer) => LengthOf(rental, (Span<byte>)buffer)),
        ("op_Implicit: ReadOnlySpan", static (rental, buffer) => LengthOf(rental, (ReadOnlySpan<byte>)buffer)),
        ("ToArray", static (_, buffer) => buffer.ToArray().Length),
        ("CopyTo", static (_, buffer) => Do(() => buffer.CopyTo(new byte[Large]))),
        ("Clear", static (_, buffer) => Do(buffer.Clear)),
        ("Fill", static (_, buffer) => Do(() => buffer.Fill(0))),
        ("Memory", static (rental, buffer) => LengthOf(rental, buffer.Memory.Span)),
        ("IMemoryOwner.Memory", static (rental, buffer) => LengthOf(rental, ((IMemoryOwner<byte>)buffer).Memory.Span)),
        ("Memory.Pin", Pin),
        ("Borrow", Borrow),
        ("Retain", Retain),
        ("Resize", Resize),
    ];

    /// <summary>How a rental comes into a state, and what undoes that.</summary>
    private static readonly Dictionary<string, Func<Rental, Action>> s_states = new()
    {
        ["Held"] = static _ => static () => { },
        ["Biased"] = static rental => After(rental, SlotState.Biased, () => rental.Buffer.Borrow().Dispose()),
        ["Borrowed"] = Borrowed,
        ["Shared"] = static rental => After(rental, SlotState.Shared, () => OtherThread.Run(() => rental.Buffer.Borrow().Dispose())),
        ["Pinned"] = Pinned,
        ["Exclusive"] = Excluded,
        ["Closing"] = Closed,
        ["ClosePending"] = ClosePending,
        ["RemotelyFreed"] = static rental => After(rental, SlotState.RemotelyFreed, () => OtherThread.Run(rental.Buffer.Dispose)),
        ["Free"] = static rental => After(rental, SlotState.Scoped, rental.Buffer.Dispose),
        ["Rented again"] = RentedAgain,
        ["Scoped"] = Scoped,
    };

    public static TheoryData<string> States => [.. s_states.Keys];

    [Fact]
    public void Every_public_member_is_tried()
    {
        string[] tried = [.. s_questions.Select(static question => question.Name), .. s_ways.Select(static way => way.Name)];
        foreach (MemberInfo member in typeof(PooledBuffer<byte>)
            .GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly))
        {
            if (member is not ConstructorInfo && !(member is MethodInfo { IsSpecialName: true } && member.Name.StartsWith("get_", StringComparison.Ordinal)))
            {
                Assert.True(tried.Any(name => name.StartsWith(member.Name, StringComparison.Ordinal)), $"{member.Name} is not tried.");
            }
        }
    }

    [Theory]
    [MemberData(nameof(States))]
    public void A_value_of_no_rental_is_empty_or_disposed_and_changes_nothing(string state)
    {
        Needs.Caches();
        OtherThread.Run(
            () =>
            {
                List<PooledBuffer<byte>> others = [];
                Rental first = Rental.First(Small, others);
                PooledBuffer<byte> ended = Rental.First(Large, others).Buffer;
                ended.Dispose();
                var second = new Rental(s_pool.RentBuffer(Large));
                AssertSameSlot(new Rental(ended), second);
                using var quiet = NoCollections.Begin();
                Action undo = s_states[state](first);
                int count = 0;
                foreach (PooledBuffer<byte> value in TornValues.Of(first.Buffer, second.Buffer, ended))
                {
                    var torn = new Rental(value);
                    if (!torn.Names(first) && !torn.Names(second))
                    {
                        AssertReachesNothing(torn, first, second);
                        count++;
                    }
                }

                Assert.True(count > 100, $"{count} values.");
                undo();
                second.Buffer.Dispose();
                others.ForEach(static other => other.Dispose());
            });
    }

    [Theory]
    [InlineData("Held", Small, Large)]
    [InlineData("Held", Large, Small)]
    [InlineData("Biased", Small, Large)]
    [InlineData("Biased", Large, Small)]
    [InlineData("Shared", Small, Large)]
    [InlineData("Shared", Large, Small)]
    public void A_value_of_a_rental_with_other_words_of_a_second_one_is_refused_or_leads_to_the_rental(string state, int length, int secondLength)
    {
        Needs.Caches();
        OtherThread.Run(() => TryAll(s_pool, state, length, secondLength));
    }

    [Theory]
    [InlineData("Held")]
    [InlineData("Biased")]
    [InlineData("Shared")]
    public void Blocks_of_a_pool_of_ones_own_all_come_back(string state)
    {
        Needs.BareBlocks();
        var allocator = new PoisoningAllocator();
        using (var pool = new NativeMemoryPool<byte>(new NativePoolOptions { Allocator = allocator, CachedBytesLimit = 0 }))
        {
            OtherThread.Run(() => TryAll(pool, state, Small, Large));
            OtherThread.Run(() => TryAll(pool, state, Large, Small));
        }

        allocator.AssertAllCameBack();
    }

    /// <summary>Each value that names a rental, and has other words of a second one, goes each way.</summary>
    private static void TryAll(NativeMemoryPool<byte> pool, string state, int length, int secondLength)
    {
        int count = 1;
        for (int way = 0; way < s_ways.Length + s_questions.Length; way++)
        {
            for (int number = 0; number < count; number++)
            {
                var first = new Rental(pool.RentBuffer(length));
                Rental second = default;
                OtherThread.Run(() => second = new Rental(pool.RentBuffer(secondLength)));
                Action undo = s_states[state](first);
                PooledBuffer<byte>[] values = [.. TornValues.Of(first.Buffer, second.Buffer).Where(value => new Rental(value).Names(first))];
                count = values.Length;
                Try(way, first, values[number]);
                undo();
                first.Buffer.Dispose();
                RemotePath.FlushOutboxes();
                Assert.Equal(SlotState.Scoped, first.State);
                Assert.NotEqual(first.Opened, GenerationOf(first).With(SlotState.Open));
                second.Buffer.Dispose();
            }
        }

        Assert.Equal(27, count);
    }

    private static unsafe void AssertSameSlot(Rental first, Rental second) => Assert.True(first.Slot == second.Slot);

    private static unsafe Generation GenerationOf(Rental rental) => rental.Slot->Generation;

    private static void AssertReachesNothing(Rental torn, Rental first, Rental second)
    {
        object before = (first.Look(), second.Look());
        foreach ((string name, Func<PooledBuffer<byte>, int> use) in s_questions)
        {
            Assert.True(use(torn.Buffer) == 0, $"{name} tells of elements.");
            Assert.Equal(before, (first.Look(), second.Look()));
        }

        Assert.NotEqual(torn.IsNone, torn.Buffer.IsDisposed);
        foreach ((string name, Func<Rental, PooledBuffer<byte>, int> use) in s_ways)
        {
            try
            {
                Assert.True(use(torn, torn.Buffer) == 0, $"{name} leads to elements.");
                Assert.True(torn.IsNone, $"{name} believes in the value.");
            }
            catch (ObjectDisposedException) when (!torn.IsNone)
            {
            }

            Assert.Equal(before, (first.Look(), second.Look()));
        }
    }

    private static unsafe void Try(int way, Rental rental, PooledBuffer<byte> value)
    {
        try
        {
            _ = way < s_ways.Length ? s_ways[way].Use(rental, value) : s_questions[way - s_ways.Length].Use(value);
        }
        catch (ObjectDisposedException)
        {
        }

        Assert.Equal(0, SlotTable.PinsOf(rental.Slot));
        Assert.True(rental.Slot->Home == null || rental.Slot->Home->Gate.Inside == 0, "The thread is inside for ever.");
    }

    private static int Do(Action action)
    {
        action();
        return 0;
    }

    private static int LengthOf(Rental rental, ReadOnlySpan<byte> view)
    {
        Assert.True(view.IsEmpty || rental.Contains(view), "The view is not in the block.");
        return view.Length;
    }

    private static unsafe int Pin(Rental rental, PooledBuffer<byte> buffer)
    {
        Memory<byte> memory = buffer.Memory;
        using MemoryHandle handle = memory.Pin();
        return LengthOf(rental, new ReadOnlySpan<byte>(handle.Pointer, memory.Length));
    }

    private static int Borrow(Rental rental, PooledBuffer<byte> buffer)
    {
        using Borrow<byte> borrow = buffer.Borrow();
        return LengthOf(rental, borrow.Span);
    }

    private static int Retain(Rental rental, PooledBuffer<byte> buffer)
    {
        using IMemoryOwner<byte> retained = buffer.Retain();
        return LengthOf(rental, retained.Memory.Span);
    }

    /// <remarks>An empty buffer gets its own block.</remarks>
    private static int Resize(Rental rental, PooledBuffer<byte> buffer)
    {
        using PooledBuffer<byte> resized = buffer.Resize(20);
        return rental.IsNone ? 0 : resized.Length;
    }

    private static Action After(Rental rental, SlotState state, Action action)
    {
        action();
        Assert.Equal(state, rental.State);
        return rental.Buffer.Dispose;
    }

    private static unsafe Action Excluded(Rental rental)
    {
        Assert.True(CloseProtocol.TryEnterExclusive(rental.Slot, rental.Opened, out bool isUsed));
        Assert.False(isUsed);
        return () =>
        {
            CloseProtocol.EndExclusive(rental.Slot, rental.Opened);
            rental.Buffer.Dispose();
        };
    }

    private static unsafe Action Closed(Rental rental)
    {
        Assert.True(rental.Slot->TryMove(rental.Opened, SlotState.Open, SlotState.Closing));
        return () =>
        {
            Assert.True(rental.Slot->TryMove(rental.Opened, SlotState.Closing, SlotState.Open));
            rental.Buffer.Dispose();
        };
    }

    private static Action ClosePending(Rental rental)
    {
        IMemoryOwner<byte> retained = rental.Buffer.Retain();
        _ = After(rental, SlotState.ClosePending, rental.Buffer.Dispose);
        return retained.Dispose;
    }

    private static unsafe Action RentedAgain(Rental rental)
    {
        rental.Buffer.Dispose();
        var next = new Rental(s_pool.RentBuffer(Small));
        Assert.True(next.Slot == rental.Slot);
        return next.Buffer.Dispose;
    }

    private static unsafe Action Scoped(Rental rental)
    {
        rental.Buffer.Dispose();
        var handle = ConfinedHandle.Open(allocator: null, Small, sizeof(byte), zeroed: false, file: null, line: 0, typeof(byte));
        Assert.True(handle.Slot == rental.Slot);
        return () => handle.Return(typeof(byte));
    }

    private static unsafe Action Borrowed(Rental rental)
    {
        Assert.True(BorrowHandle.TryBegin(rental.Slot, rental.Opened, out BorrowHandle handle));
        return () =>
        {
            handle.End();
            rental.Buffer.Dispose();
        };
    }

    private static Action Pinned(Rental rental)
    {
        MemoryHandle handle = rental.Buffer.Memory.Pin();
        return () =>
        {
            handle.Dispose();
            rental.Buffer.Dispose();
        };
    }
}
