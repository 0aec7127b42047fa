using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Tests.Blocks.Cache.Stores;

public class LargeSizesTests
{
    [Fact]
    public void A_block_holds_its_request_and_at_most_an_eighth_more()
    {
        var random = new Random(1);
        for (int i = 0; i < 100_000; i++)
        {
            nuint request = SizeClasses.Largest + 1 + (nuint)random.NextInt64(1L << random.Next(1, 30));
            nuint block = LargeSizes.RoundUp(request);
            Assert.InRange(block, request, request + (request / 8) + 1);
            Assert.Equal(block, LargeSizes.RoundUp(block));
        }
    }

    [Fact]
    public void Each_kept_size_has_a_class_and_serves_the_requests_of_its_step()
    {
        nuint below = SizeClasses.Largest;
        for (int i = 0; i < LargeSizes.Count; i++)
        {
            nuint block = LargeSizes.RoundUp(below + 1);
            Assert.Equal(i, LargeSizes.Of(block));
            Assert.Equal(block - below, LargeSizes.StepOf(block));
            below = block;
        }

        Assert.Equal(LargeSizes.LargestKept, below);
    }

    [Fact]
    public void A_size_that_is_not_kept_is_not_rounded()
    {
        Assert.Equal((nuint)LargeSizes.LargestKept + 1, LargeSizes.RoundUp((nuint)LargeSizes.LargestKept + 1));
        Assert.Equal((nuint)nint.MaxValue, LargeSizes.RoundUp((nuint)nint.MaxValue));
    }
}
