using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Tests.Buffers;

/// <summary>Runs one random program: on owners, and on their models. They must agree after every step.</summary>
internal sealed class OwnerWorld : IDisposable
{
    private const int MostOwners = 8;

    private readonly OwnerStep[] _program;
    private readonly Action<Action> _elsewhere;
    private readonly RecordingAllocator _recording = new();
    private readonly NativeMemoryPool<int> _keepingPool;
    private readonly NativeMemoryPool<int> _pagesPool = new(new NativePoolOptions { Allocator = NativeAllocator.Pages, CachedBytesLimit = 100_000 });
    private readonly List<ModelOwner> _owners = [];
    private readonly List<ModelOwner> _stale = [];
    private int _next;

    public OwnerWorld(OwnerStep[] program, Action<Action> elsewhere)
    {
        _program = program;
        _elsewhere = elsewhere;
        _keepingPool = new NativeMemoryPool<int>(new NativePoolOptions { Allocator = _recording });
    }

    public void Run()
    {
        Borrow<int> none = default;
        while (_next < _program.Length)
        {
            Play(null, ref none, null, ref none);
        }
    }

    /// <summary>Ends all uses. A block that is still live afterwards is lost.</summary>
    public void Dispose()
    {
        foreach (ModelOwner each in _owners.Concat(_stale))
        {
            each.Dispose();
            each.Pins.ForEach(static pin => pin.Handle.Dispose());
        }

        _keepingPool.Dispose();
        _pagesPool.Dispose();
        _recording.AssertAllFreed();
        Assert.Equal(0, _keepingPool.CachedBytes);
    }

    /// <summary>Runs the steps inside one borrow, to its end.</summary>
    private void Play(ModelOwner? borrowed, scoped ref Borrow<int> mine, ModelOwner? around, scoped ref Borrow<int> outer)
    {
        while (_next < _program.Length)
        {
            switch (_program[_next++])
            {
                case OwnerStep.EndBorrow:
                    return;
                case OwnerStep.EndBorrowEarly { Outer: true }:
                    End(ref outer, around);
                    break;
                case OwnerStep.EndBorrowEarly:
                    End(ref mine, borrowed);
                    break;
                case OwnerStep.Borrow step when Choose(step.Which) is { } chosen:
                    PlayInside(chosen, borrowed, ref mine);
                    break;
                case var step:
                    Do(step);
                    break;
            }

            _owners.ForEach(static owner => owner.AssertAgrees());
            _stale.ForEach(static owner => owner.AssertAgrees());
            if (borrowed is not null && mine.Length > 0)
            {
                Assert.True(mine.Span.SequenceEqual(borrowed.Elements), "The borrowed elements differ.");
            }
        }
    }

    private void PlayInside(ModelOwner owner, ModelOwner? around, scoped ref Borrow<int> outer)
    {
        Borrow<int> borrow = owner.Borrow();
        Assert.Equal(owner.Elements.Length, borrow.Length);
        owner.Borrows++;
        Play(owner, ref borrow, around, ref outer);
        End(ref borrow, owner);
    }

    /// <summary>Ends a borrow if that was not done before.</summary>
    private static void End(scoped ref Borrow<int> borrow, ModelOwner? owner)
    {
        if (IsActive(ref borrow) && owner is not null)
        {
            owner.Borrows--;
        }

        borrow.Dispose();
    }

    private static bool IsActive(scoped ref Borrow<int> borrow)
    {
        try
        {
            _ = borrow.Span;
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    private void Do(OwnerStep step)
    {
        switch (step)
        {
            case OwnerStep.Make make when _owners.Count < MostOwners:
                On(make.Elsewhere, () => _owners.Add(Make(make.Way % 12, make.Length)));
                break;
            case OwnerStep.Write write when Choose(write.Which) is { Elements.Length: > 0 } owner:
                int index = write.Index % owner.Elements.Length;
                owner.View(write.View)[index] = write.Value;
                owner.Elements[index] = write.Value;
                break;
            case OwnerStep.Resize resize when Choose(resize.Which) is { Owner: not null } owner:
                On(resize.Elsewhere, () => Resize(owner, resize.Length));
                break;
            case OwnerStep.Dispose dispose when Choose(dispose.Which) is { } owner:
                On(dispose.Elsewhere, owner.Dispose);
                Close(owner);
                break;
            case OwnerStep.Move move when Choose(move.Which) is { Owner: not null } owner:
                On(move.Elsewhere, () => Move(owner));
                break;
            case OwnerStep.Release release when Choose(release.Which) is { Owner: not null } owner:
                On(release.Elsewhere, () => Release(owner, release.Adopted));
                break;
            case OwnerStep.Pin pin when Choose(pin.Which) is { } owner:
                int at = pin.Index % (owner.Elements.Length + 1);
                On(pin.Elsewhere, () => owner.Pins.Add((owner.Pin(at), at)));
                break;
            case OwnerStep.Unpin unpin:
                On(unpin.Elsewhere, () => Unpin(unpin));
                break;
            case OwnerStep.UseStale use when _stale.Count > 0:
                On(use.Elsewhere, _stale[use.Which % _stale.Count].AssertRefuses);
                break;
            case OwnerStep.Disturb disturb:
                On(disturb.Elsewhere, () => Disturb(disturb.Length));
                break;
            case OwnerStep.Trim:
                NativeMemoryCache.Trim();
                _keepingPool.Trim();
                break;
        }
    }

    private ModelOwner Make(int way, int length)
    {
        int[] elements = new int[length];
        switch (way)
        {
            case 0:
                return ModelOwner.Of(NativeMemoryOwner<int>.Create(length), elements);
            case 1:
                return ModelOwner.Of(NativeMemoryOwner<int>.Create(length, _recording), elements);
            case 2:
                return ModelOwner.Of(NativeMemoryOwner<int>.Create(length, NativeAllocator.Malloc), elements);
            case 3:
                return ModelOwner.Of(NativeMemoryOwner<int>.Create(length, NativeAllocator.Aligned(64)), elements);
            case 4:
                return ModelOwner.Of(NativeBuffer.Create<int>(length).ToOwner(), elements);
            case 5:
                return ModelOwner.Of(NativeBuffer.Create<int>(length, _recording).ToOwner(), elements);
            case 6:
                unsafe
                {
                    return ModelOwner.Of(NativeMemoryOwner<int>.Adopt((int*)_recording.Allocate((nuint)length * 4), length, _recording), elements);
                }

            case 7:
                return Filled(ModelOwner.Of(NativeMemoryOwner<int>.CreateUninitialized(length), elements));
            case 8:
                return Filled(ModelOwner.Of(NativeMemoryPool<int>.Shared.RentBuffer(length), elements));
            case 9:
                return Filled(ModelOwner.Of(_keepingPool.RentBuffer(length), elements));
            case 10:
                return Filled(ModelOwner.Of((NativeMemoryOwner<int>)_keepingPool.Rent(length), elements));
            default:
                return Filled(ModelOwner.Of(_pagesPool.RentBuffer(length), elements));
        }
    }

    private static ModelOwner Filled(ModelOwner owner)
    {
        owner.View(1).Fill(-1);
        Array.Fill(owner.Elements, -1);
        return owner;
    }

    private static void Resize(ModelOwner owner, int length)
    {
        if (owner.IsUsed)
        {
            Assert.Throws<InvalidOperationException>(() => owner.Owner!.Resize(length));
            return;
        }

        owner.Owner!.Resize(length);
        int[] elements = owner.Elements;
        Array.Resize(ref elements, length);
        owner.Elements = elements;
    }

    private void Move(ModelOwner owner)
    {
        if (owner.IsUsed)
        {
            Assert.Throws<InvalidOperationException>(owner.Owner!.Move);
            return;
        }

        _owners.Add(ModelOwner.Of(owner.Owner!.Move(), owner.Elements));
        Close(owner);
    }

    private unsafe void Release(ModelOwner owner, bool adopted)
    {
        if (owner.IsUsed)
        {
            Assert.Throws<InvalidOperationException>(() => { _ = owner.Owner!.Release(); });
            return;
        }

        NativeAllocator allocator = owner.Owner!.Allocator;
        int* block = owner.Owner.Release();
        Close(owner);
        Assert.True(new ReadOnlySpan<int>(block, owner.Elements.Length).SequenceEqual(owner.Elements));
        if (adopted)
        {
            _owners.Add(ModelOwner.Of(NativeMemoryOwner<int>.Adopt(block, owner.Elements.Length, allocator), owner.Elements));
        }
        else
        {
            allocator.Free(block, (nuint)owner.Elements.Length * sizeof(int));
        }
    }

    [SuppressMessage("Ownership", "NB0003", Justification = "A second end of a pin must end nothing.")]
    private void Unpin(OwnerStep.Unpin unpin)
    {
        ModelOwner[] pinned = [.. _owners.Concat(_stale).Where(static owner => owner.Pins.Count > 0)];
        if (pinned.Length == 0)
        {
            return;
        }

        ModelOwner owner = pinned[unpin.Which % pinned.Length];
        int index = unpin.Which / 7 % owner.Pins.Count;
        MemoryHandle handle = owner.Pins[index].Handle;
        if (unpin.ByOwner && owner.Owner is not null)
        {
            index = owner.Pins.Count - 1;
            handle = owner.Pins[index].Handle;
            owner.Owner.Unpin();
        }

        // Of a pin that Unpin ended, too: then it ends nothing.
        handle.Dispose();
        handle.Dispose();
        owner.Pins.RemoveAt(index);
    }

    private void Disturb(int length)
    {
        using NativeBuffer<int> first = NativeBuffer.CreateUninitialized<int>(length);
        using NativeBuffer<int> second = NativeBuffer.CreateUninitialized<int>(length, _recording);
        using PooledBuffer<int> third = NativeMemoryPool<int>.Shared.RentBuffer(length);
        first.Fill(-77);
        second.Fill(-78);
        third.AsSpan().Fill(-79);
        Assert.Equal(-1, first.AsSpan().IndexOfAnyExcept(-77));
    }

    private void Close(ModelOwner owner)
    {
        owner.IsOpen = false;
        _owners.Remove(owner);
        _stale.Add(owner);
    }

    private ModelOwner? Choose(int which) => _owners.Count == 0 ? null : _owners[which % _owners.Count];

    private void On(bool elsewhere, Action body)
    {
        if (elsewhere)
        {
            _elsewhere(body);
        }
        else
        {
            body();
        }
    }
}
