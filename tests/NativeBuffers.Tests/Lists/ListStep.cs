using FsCheck;
using FsCheck.Fluent;

namespace NativeBuffers.Tests.Lists;

/// <summary>One step of a random program on a list. Numbers are made indexes and lengths when it is known what there is.</summary>
/// <param name="Kind">The kind of step.</param>
/// <param name="Place">Where.</param>
/// <param name="Length">How many.</param>
/// <param name="Value">The value to write.</param>
public sealed record ListStep(ListStep.What Kind, int Place, int Length, int Value)
{
    public enum What
    {
        Add,
        AddRange,
        AddEnumerable,
        AddSelf,
        Insert,
        InsertRange,
        InsertSelf,
        Set,
        RemoveAt,
        RemoveRange,
        Remove,
        RemoveLast,
        Clear,
        Resize,
        EnsureCapacity,
        TrimExcess,
        Write,
        Sort,
        Search,
        Enumerate,
        Borrow,
        OtherThread,
        ToOwner,
        Disturb,
    }

    /// <summary>Programs around the borders of the cache's blocks.</summary>
    public static Arbitrary<ListStep[]> Programs { get; } = Arb.From(Gen.ArrayOf(Steps(SmallLengths)));

    /// <summary>Programs on both sides of blocks of whole pages.</summary>
    public static Arbitrary<ListStep[]> LargePrograms { get; } = Arb.From(Gen.ArrayOf(Steps(LargeLengths)));

    /// <summary>An index below the count, or 0.</summary>
    public int At(int count) => count == 0 ? 0 : Place % count;

    /// <summary>Elements to add.</summary>
    public int[] Items()
    {
        int[] items = new int[Length];
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = Value + (i * 7);
        }

        return items;
    }

    private static Gen<int> SmallLengths => Gen.OneOf(
        Gen.Choose(0, 20),
        Gen.Choose(0, 20),
        Gen.Choose(1, 16).SelectMany(_ => Gen.Choose(-1, 1), static (power, offset) => (1 << power) + offset),
        Gen.Choose(60_000, 70_000));

    private static Gen<int> LargeLengths => Gen.OneOf(
        Gen.Choose(0, 20),
        Gen.Choose((8 << 20) - 1, (8 << 20) + 1),
        Gen.Choose(60_000, 70_000));

    private static Gen<ListStep> Steps(Gen<int> lengths) =>
        Gen.Choose(0, Enum.GetValues<What>().Length - 1).SelectMany(
            _ => Gen.Choose(0, int.MaxValue - 1),
            static (kind, place) => (kind, place)).SelectMany(
            _ => lengths,
            static (step, length) => new ListStep((What)step.kind, step.place, length, (step.place % 2001) - 1000));
}
