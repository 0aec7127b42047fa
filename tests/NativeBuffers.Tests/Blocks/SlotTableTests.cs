using NativeBuffers.Blocks;

namespace NativeBuffers.Tests.Blocks;

/// <summary>With which generations slots begin.</summary>
public sealed class SlotTableTests
{
    /// <summary>In loans.</summary>
    private const ulong FarEnough = 1UL << 32;

    [Fact]
    public unsafe void No_slot_has_a_generation_near_zero_or_near_that_of_another_slot()
    {
        using var buffer = NativeBuffer.Create<byte>(1);
        List<ulong> generations = [0, ulong.MaxValue / 2];
        foreach (nint slab in SlotTable.Slabs())
        {
            var slots = (Slot*)slab;
            for (int i = 0; i < SlotTable.SlabLength; i++)
            {
                generations.Add(slots[i].ReadGeneration().Value);
            }
        }

        Assert.True(LeastDistance(generations) > FarEnough, $"{LeastDistance(generations)} loans between two of {generations.Count} generations.");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(896)]
    [InlineData(100_000)]
    [InlineData(1 << 21)]
    public void First_generations_lie_as_far_apart_as_the_page_says(int count)
    {
        List<ulong> generations = [.. Enumerable.Range(0, count).Select(static number => Generation.First((ulong)number).Value)];
        Assert.All(generations.Take(1000), static generation => Assert.Equal(SlotState.Scoped, new Generation(generation).State));
        Assert.True(count == 1 || LeastDistance(generations) > (1UL << 57) / (ulong)count);
        Assert.True(generations.Min() / Generation.Step >= 1UL << 57);
        Assert.True(((1UL << 63) - generations.Max()) / Generation.Step >= 3UL << 57);
    }

    private static ulong LeastDistance(List<ulong> generations)
    {
        generations.Sort();
        return generations.Zip(generations.Skip(1), static (lower, higher) => (higher - lower) / Generation.Step).Min();
    }
}
