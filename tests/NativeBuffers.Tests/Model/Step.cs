using FsCheck;
using FsCheck.Fluent;

namespace NativeBuffers.Tests.Model;

/// <summary>One step of a random program on a buffer.</summary>
public abstract record Step
{
    public sealed record Write(int Index, int Value) : Step;

    public sealed record Fill(int Value) : Step;

    public sealed record Clear : Step;

    public sealed record Resize(int Length) : Step;

    public sealed record Move : Step;

    public sealed record CopyRange(int From, int To, int Length) : Step;

    /// <summary>A second buffer of the same size comes and goes in between, and is written to.</summary>
    public sealed record Disturb(int Length) : Step;

    /// <summary>A copy is taken, and disposed after the buffer was moved away from it.</summary>
    public sealed record DisposeStaleCopy : Step;

    public static Arbitrary<Step[]> Programs { get; } = Arb.From(
        Gen.ArrayOf(
            Gen.OneOf(
                Gen.Choose(0, 100_000).SelectMany(_ => Gen.Choose(-1000, 1000), Step (index, value) => new Write(index, value)),
                Gen.Choose(-1000, 1000).Select(Step (value) => new Fill(value)),
                Gen.Constant<Step>(new Clear()),
                Lengths.Select(Step (length) => new Resize(length)),
                Gen.Constant<Step>(new Move()),
                Gen.Choose(0, 100_000).SelectMany(_ => Gen.Choose(0, 100_000), Step (from, to) => new CopyRange(from, to, (from + to) % 500)),
                Lengths.Select(Step (length) => new Disturb(length)),
                Gen.Constant<Step>(new DisposeStaleCopy()))));

    /// <summary>Mostly small, often next to a boundary of a size class, sometimes above the largest one.</summary>
    private static Gen<int> Lengths => Gen.OneOf(
        Gen.Choose(0, 100),
        Gen.Choose(1, 17).SelectMany(_ => Gen.Choose(-1, 1), static (power, offset) => (1 << power) + offset),
        Gen.Choose(60_000, 80_000));
}
