using FsCheck;
using FsCheck.Fluent;

namespace NativeBuffers.Tests.Buffers;

/// <summary>One step of a random program on a buffer.</summary>
public abstract record BufferStep
{
    public sealed record Write(int Index, int Value) : BufferStep;

    public sealed record Fill(int Value) : BufferStep;

    public sealed record Clear : BufferStep;

    public sealed record Resize(int Length) : BufferStep;

    public sealed record Move : BufferStep;

    public sealed record CopyRange(int From, int To, int Length) : BufferStep;

    /// <summary>A second buffer of the same size comes and goes in between, and is written to.</summary>
    public sealed record Disturb(int Length) : BufferStep;

    /// <summary>A copy is taken, and disposed after the buffer was moved away from it.</summary>
    public sealed record DisposeStaleCopy : BufferStep;

    public static Arbitrary<BufferStep[]> Programs { get; } = Arb.From(
        Gen.ArrayOf(
            Gen.OneOf(
                Gen.Choose(0, 100_000).SelectMany(_ => Gen.Choose(-1000, 1000), BufferStep (index, value) => new Write(index, value)),
                Gen.Choose(-1000, 1000).Select(BufferStep (value) => new Fill(value)),
                Gen.Constant<BufferStep>(new Clear()),
                Lengths.Select(BufferStep (length) => new Resize(length)),
                Gen.Constant<BufferStep>(new Move()),
                Gen.Choose(0, 100_000).SelectMany(_ => Gen.Choose(0, 100_000), BufferStep (from, to) => new CopyRange(from, to, (from + to) % 500)),
                Lengths.Select(BufferStep (length) => new Disturb(length)),
                Gen.Constant<BufferStep>(new DisposeStaleCopy()))));

    /// <summary>Mostly small, often next to a boundary of a size class, sometimes above the largest one.</summary>
    private static Gen<int> Lengths => Gen.OneOf(
        Gen.Choose(0, 100),
        Gen.Choose(1, 17).SelectMany(_ => Gen.Choose(-1, 1), static (power, offset) => (1 << power) + offset),
        Gen.Choose(60_000, 80_000));
}
