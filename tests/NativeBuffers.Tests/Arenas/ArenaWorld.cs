using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using NativeBuffers.Primitives;

namespace NativeBuffers.Tests.Arenas;

/// <summary>A program on an arena, and the expected elements of the arena and its scopes.</summary>
/// <remarks>
/// Scopes live on the stack, so each has its own call, which knows the two scopes around it as well. Of the model's levels,
/// the first is the arena; those that are open are each within the one before.
/// </remarks>
internal sealed class ArenaWorld(ArenaStep[] program, bool isRecorded)
{
    private readonly RecordingAllocator? _allocator = isRecorded ? new() : null;
    private readonly List<Level> _levels = [];
    private int _next;
    private int _seed;

    /// <summary>Whether the model has a mistake: then runs should fail.</summary>
    public bool IsWrong { get; init; }

    /// <summary>Runs the program; throws where the two disagree.</summary>
    [SuppressMessage("Ownership", "NB0005", Justification = "The wrapper lives shorter than the arena, and disposes nothing.")]
    public bool Run(ArenaKind kind)
    {
        if (kind == ArenaKind.Arena)
        {
            using var arena = NativeArena.Create(200, _allocator);
            var any = new AnyArena(arena);
            RunLevel(any, any, any);
        }
        else
        {
            using var owner = NativeArenaOwner.Create(200, _allocator);
            using ArenaBorrow borrow = owner.Borrow();
            var any = new AnyArena(borrow);
            RunLevel(any, any, any);
        }

        _allocator?.AssertAllFreed();
        return true;
    }

    private void RunLevel(in AnyArena current, in AnyArena around, in AnyArena farther)
    {
        _levels.Add(new Level());
        while (_next < program.Length)
        {
            ArenaStep step = program[_next++];
            switch (step)
            {
                case ArenaStep.End when _levels.Count > 1:
                    Close(_levels.Count - 1, isAtEnd: true);
                    return;
                case ArenaStep.Begin begin when _levels.Count < 30:
                    Begin(current, Chosen(begin.Up, current, around, farther), around, IndexOf(begin.Up));
                    break;
                case ArenaStep.Allocate allocate:
                    Allocate(allocate, Chosen(allocate.Up, current, around, farther), IndexOf(allocate.Up));
                    break;
                case ArenaStep.EndEarly early:
                    AnyArena copy = Chosen(early.Up, current, around, farther);
                    copy.Dispose();
                    if (early.Twice)
                    {
                        Chosen(early.Up, current, around, farther).Dispose();
                    }

                    Close(IndexOf(early.Up), isAtEnd: false);
                    break;
                case ArenaStep.Disturb disturb:
                    Disturb(disturb.Length);
                    break;
                case ArenaStep.Trim:
                    NativeMemoryCache.Trim();
                    break;
            }

            Verify();
        }

        // The program is over, and so are all of its scopes, from within.
        Close(_levels.Count - 1, isAtEnd: true);
    }

    [SuppressMessage("Ownership", "NB0005", Justification = "The wrapper lives shorter than the arena, and disposes nothing.")]
    private void Begin(in AnyArena current, in AnyArena from, in AnyArena around, int index)
    {
        if (ExpectedOf(index) is { } expected)
        {
            Assert.IsType(expected, AnyArena.Thrown(from, static (in AnyArena arena) => arena.BeginScope().Dispose()));
            return;
        }

        using ArenaScope scope = from.BeginScope();
        RunLevel(new AnyArena(scope), current, around);
    }

    private void Allocate(ArenaStep.Allocate step, in AnyArena from, int index)
    {
        if (ExpectedOf(index) is { } expected)
        {
            Assert.IsType(expected, AnyArena.Thrown(from, (in AnyArena arena) => arena.Allocate<int>(step.Length)));
            return;
        }

        List<Range> ranges = _levels[index].Ranges;
        ranges.Add(
            step.Type switch
            {
                0 => Filled<byte>(from, step, step.Length),
                1 => Filled<short>(from, step, step.Length),
                2 => Filled<Sized.Three>(from, step, step.Length),
                3 => Filled<long>(from, step, step.Length),
                4 => Filled<Vector512<byte>>(from, step, step.Length),
                5 => Filled<Sized.Thousand>(from, step, step.Length % 20),
                6 => Filled<Sized.HundredThousand>(from, step, step.Length % 5),
                _ => Filled<Vector256<int>>(from, step, step.Length % 40),
            });
    }

    private unsafe Range Filled<T>(in AnyArena from, ArenaStep.Allocate step, int length)
        where T : unmanaged
    {
        Span<T> elements = step.Zeroed ? from.Allocate<T>(length) : from.AllocateUninitialized<T>(length);
        Assert.Equal(length, elements.Length);
        Span<byte> bytes = MemoryMarshal.AsBytes(elements);
        fixed (byte* first = bytes)
        {
            var range = new Range((nint)first, bytes.Length, _seed++);
            Assert.Equal(0UL, (ulong)first % AlignmentOf<T>.Value);
            Assert.False(step.Zeroed && bytes.ContainsAnyExcept((byte)0), "Not zeroed.");
            Assert.True(length == 0 || _allocator is null || _allocator.IsLive(range.Start, range.ByteCount), "Not in a live block.");
            foreach (Level level in _levels)
            {
                Assert.All(level.Ranges, each => Assert.False(each.Overlaps(range), $"{each} and {range} overlap."));
            }

            Pattern.Write(bytes, range.Seed);
            return range;
        }
    }

    /// <summary>The exception that a use of a level throws; null if it throws none.</summary>
    private Type? ExpectedOf(int index)
    {
        if (!_levels[index].IsOpen)
        {
            return typeof(ObjectDisposedException);
        }

        return !IsWrong && _levels.Skip(index + 1).Any(static level => level.IsOpen) ? typeof(InvalidOperationException) : null;
    }

    private void Close(int index, bool isAtEnd)
    {
        if (_levels[index].IsOpen)
        {
            foreach (Level level in _levels.Skip(index))
            {
                level.IsOpen = false;
                level.Ranges.Clear();
            }
        }

        if (isAtEnd)
        {
            _levels.RemoveAt(index);
        }
    }

    private unsafe void Verify()
    {
        foreach (Level level in _levels)
        {
            foreach (Range range in level.Ranges)
            {
                Pattern.Verify((byte*)range.Start, (nuint)range.ByteCount, range.Seed);
            }
        }
    }

    private static AnyArena Chosen(int up, AnyArena current, AnyArena around, AnyArena farther) =>
        up == 0 ? current : up == 1 ? around : farther;

    private int IndexOf(int up) => int.Max(0, _levels.Count - 1 - up);

    private static void Disturb(int length)
    {
        using var arena = NativeArena.Create(200);
        arena.AllocateUninitialized<byte>(length).Fill(0xEE);
        using ArenaScope scope = arena.BeginScope();
        scope.AllocateUninitialized<byte>(5000).Fill(0xEE);
        using var buffer = NativeBuffer.CreateUninitialized<byte>(int.Max(1, length));
        buffer.Fill(0xED);
    }

    private sealed class Level
    {
        public bool IsOpen { get; set; } = true;

        public List<Range> Ranges { get; } = [];
    }

    private readonly record struct Range(nint Start, int ByteCount, int Seed)
    {
        public bool Overlaps(Range other) => Start < other.Start + other.ByteCount && other.Start < Start + ByteCount;
    }
}
