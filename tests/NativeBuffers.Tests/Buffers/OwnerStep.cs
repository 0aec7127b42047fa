using FsCheck;
using FsCheck.Fluent;
using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Tests.Buffers;

/// <summary>One step of a random program on several owners. Numbers choose among what there is; most steps may be another thread's.</summary>
public abstract record OwnerStep
{
    /// <summary>A new owner, pooled buffer or adopted block.</summary>
    public sealed record Make(int Way, int Length, bool Elsewhere) : OwnerStep;

    public sealed record Write(int Which, int Index, int Value, int View) : OwnerStep;

    public sealed record Resize(int Which, int Length, bool Elsewhere) : OwnerStep;

    public sealed record Dispose(int Which, bool Elsewhere) : OwnerStep;

    public sealed record Move(int Which, bool Elsewhere) : OwnerStep;

    /// <summary>Released, and freed or adopted again.</summary>
    public sealed record Release(int Which, bool Adopted, bool Elsewhere) : OwnerStep;

    public sealed record Pin(int Which, int Index, bool Elsewhere) : OwnerStep;

    /// <summary>Ends a pin by its handle, or by the owner's <c>Unpin</c>: then it is the last one.</summary>
    public sealed record Unpin(int Which, bool ByOwner, bool Elsewhere) : OwnerStep;

    /// <summary>Begins a borrow; the steps up to its <see cref="EndBorrow"/> run inside.</summary>
    public sealed record Borrow(int Which) : OwnerStep;

    /// <summary>Ends the innermost borrow's block of steps.</summary>
    public sealed record EndBorrow : OwnerStep;

    /// <summary>Ends a borrow before its block of steps does: the innermost, or the one around it.</summary>
    public sealed record EndBorrowEarly(bool Outer) : OwnerStep;

    /// <summary>Uses something that was disposed, moved or released.</summary>
    public sealed record UseStale(int Which, bool Elsewhere) : OwnerStep;

    /// <summary>Scoped buffers of some size come and go, and are written to.</summary>
    public sealed record Disturb(int Length, bool Elsewhere) : OwnerStep;

    public sealed record Trim : OwnerStep;

    public static Arbitrary<OwnerStep[]> Programs { get; } = Arb.From(
        Gen.ArrayOf(
            Gen.Frequency(
                (6, Three(Any, Lengths, Coin, OwnerStep (way, length, elsewhere) => new Make(way, length, elsewhere))),
                (6, Three(Any, Any, Any, OwnerStep (which, index, value) => new Write(which, index, value, value % 4))),
                (4, Three(Any, Lengths, Coin, OwnerStep (which, length, elsewhere) => new Resize(which, length, elsewhere))),
                (3, Three(Any, Any, Coin, OwnerStep (which, _, elsewhere) => new Dispose(which, elsewhere))),
                (2, Three(Any, Any, Coin, OwnerStep (which, _, elsewhere) => new Move(which, elsewhere))),
                (2, Three(Any, Coin, Coin, OwnerStep (which, adopted, elsewhere) => new Release(which, adopted, elsewhere))),
                (3, Three(Any, Any, Coin, OwnerStep (which, index, elsewhere) => new Pin(which, index, elsewhere))),
                (4, Three(Any, Coin, Coin, OwnerStep (which, byOwner, elsewhere) => new Unpin(which, byOwner, elsewhere))),
                (4, Any.Select(OwnerStep (which) => new Borrow(which))),
                (4, Gen.Constant<OwnerStep>(new EndBorrow())),
                (1, Coin.Select(OwnerStep (outer) => new EndBorrowEarly(outer))),
                (3, Three(Any, Any, Coin, OwnerStep (which, _, elsewhere) => new UseStale(which, elsewhere))),
                (1, Three(Any, Lengths, Coin, OwnerStep (_, length, elsewhere) => new Disturb(length, elsewhere))),
                (1, Gen.Constant<OwnerStep>(new Trim())))));

    private static Gen<int> Any => Gen.Choose(0, 100_000);

    private static Gen<bool> Coin => Gen.Choose(0, 2).Select(static number => number == 0);

    /// <summary>Mostly small, often next to a boundary of a size class, sometimes above the largest one.</summary>
    private static Gen<int> Lengths => Gen.Frequency(
        (5, Gen.Choose(0, 100)),
        (3, Gen.Choose(1, 15).SelectMany(_ => Gen.Choose(-1, 1), static (power, offset) => (1 << power) + offset)),
        (1, Gen.Choose(60_000, 80_000)));

    private static Gen<OwnerStep> Three<TFirst, TSecond, TThird>(
        Gen<TFirst> first, Gen<TSecond> second, Gen<TThird> third, Func<TFirst, TSecond, TThird, OwnerStep> make) =>
        first.SelectMany(a => second.SelectMany(_ => third, (b, c) => make(a, b, c)));
}
