using FsCheck;
using FsCheck.Fluent;

namespace NativeBuffers.Tests.Regions;

/// <summary>One step of a random program on a region.</summary>
/// <param name="Kind">The kind of step.</param>
/// <param name="First">The first page.</param>
/// <param name="Count">How many pages.</param>
/// <param name="Number">The access, the value to write, or whatever else the step needs.</param>
/// <param name="RefusedCall">Which of the system's answers to this step is a refusal; negative for none.</param>
public sealed record RegionStep(RegionStep.Operation Kind, int First, int Count, int Number, int RefusedCall)
{
    public const int Pages = 12;

    public enum Operation
    {
        Commit,
        Decommit,
        Protect,
        Discard,
        Lock,
        Unlock,
        Write,
    }

    public static Arbitrary<RegionStep[]> Programs { get; } = Arb.From(
        Gen.ArrayOf(
            from kind in Gen.Frequency(
                (4, Gen.Constant(Operation.Commit)),
                (2, Gen.Constant(Operation.Decommit)),
                (3, Gen.Constant(Operation.Protect)),
                (1, Gen.Constant(Operation.Discard)),
                (2, Gen.Constant(Operation.Lock)),
                (1, Gen.Constant(Operation.Unlock)),
                (4, Gen.Constant(Operation.Write)))
            from first in Gen.Choose(0, Pages)
            from count in Gen.Choose(0, Pages - first)
            from number in Gen.Choose(0, 254)
            from refused in Gen.Frequency((3, Gen.Constant(-1)), (1, Gen.Choose(0, 4)))
            select new RegionStep(kind, first, count, number, refused)));
}
