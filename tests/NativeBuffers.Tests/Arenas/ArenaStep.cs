using FsCheck;
using FsCheck.Fluent;

namespace NativeBuffers.Tests.Arenas;

/// <summary>One step of a random program on an arena and its scopes. <c>Up</c> is how many scopes farther out the one is that is used.</summary>
public abstract record ArenaStep
{
    public sealed record Allocate(int Up, int Type, int Length, bool Zeroed) : ArenaStep;

    /// <summary>Begins a scope; the steps up to its <see cref="End"/> run inside.</summary>
    public sealed record Begin(int Up) : ArenaStep;

    /// <summary>Ends the innermost scope's block of steps.</summary>
    public sealed record End : ArenaStep;

    /// <summary>Disposes of a scope, or of the arena, inside its block of steps, once or twice, through copies.</summary>
    public sealed record EndEarly(int Up, bool Twice) : ArenaStep;

    /// <summary>Another arena and a buffer come and go, and are written to.</summary>
    public sealed record Disturb(int Length) : ArenaStep;

    public sealed record Trim : ArenaStep;

    public static Arbitrary<ArenaStep[]> Programs { get; } = Arb.From(
        Gen.ArrayOf(
            Gen.Frequency(
                (12, Allocations),
                (4, Gen.Choose(0, 9).Select(ArenaStep (up) => new Begin(int.Max(0, up - 7)))),
                (3, Gen.Constant<ArenaStep>(new End())),
                (1, Gen.Choose(0, 2).SelectMany(_ => Gen.Choose(0, 1), ArenaStep (up, twice) => new EndEarly(up, twice == 1))),
                (1, Lengths.Select(ArenaStep (length) => new Disturb(length))),
                (1, Gen.Constant<ArenaStep>(new Trim())))));

    private static Gen<ArenaStep> Allocations =>
        from up in Gen.Choose(0, 12)
        from type in Gen.Choose(0, 7)
        from length in Lengths
        from zeroed in Gen.Choose(0, 1)
        select (ArenaStep)new Allocate(int.Max(0, up - 10), type, length, zeroed == 1);

    /// <summary>Mostly small, often next to where a chunk or a page ends, sometimes more than a chunk holds.</summary>
    private static Gen<int> Lengths => Gen.OneOf(
        Gen.Choose(0, 40),
        Gen.Choose(0, 300),
        Gen.Choose(6, 14).SelectMany(_ => Gen.Choose(-150, 2), static (power, offset) => int.Max(0, (1 << power) + offset)));
}
