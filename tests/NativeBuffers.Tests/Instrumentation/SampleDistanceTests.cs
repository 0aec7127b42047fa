using NativeBuffers.Instrumentation;

namespace NativeBuffers.Tests.Instrumentation;

public class SampleDistanceTests
{
    [Theory]
    [InlineData("5000", 5000, false)]
    [InlineData("1", 1, false)]
    [InlineData("2147483647", int.MaxValue, false)]
    [InlineData("65536b", 65536, true)]
    [InlineData("512k", 512 * 1024, true)]
    [InlineData("512K", 512 * 1024, true)]
    [InlineData("512KB", 512 * 1024, true)]
    [InlineData("2MiB", 2 * 1024 * 1024, true)]
    [InlineData("3g", 3L * 1024 * 1024 * 1024, true)]
    public void It_is_in_blocks_or_with_a_unit_in_bytes(string text, long length, bool isInBytes)
    {
        Assert.True(SampleDistance.TryParse(text, out SampleDistance distance));
        Assert.Equal((length, isInBytes), (distance.Length, distance.IsInBytes));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("0k")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1.5m")]
    [InlineData("k")]
    [InlineData("1x")]
    [InlineData("1 k")]
    [InlineData("1kk")]
    [InlineData("1kbb")]
    [InlineData("1kib5")]
    [InlineData("2147483648")]
    [InlineData("9223372036854775807k")]
    [InlineData("99999999999999999999")]
    public void Anything_else_is_refused(string text) => Assert.False(SampleDistance.TryParse(text, out _));

    /// <remarks>With the seed fixed, the test gives the same numbers each time; they are within five standard deviations.</remarks>
    [Theory]
    [InlineData(64)]
    [InlineData(4096)]
    [InlineData(65_536)]
    [InlineData(1_048_576)]
    [InlineData(4_000_000)]
    public void By_bytes_a_block_is_a_sample_as_likely_as_its_size_says(int byteCount)
    {
        const int Samples = 20_000;
        _ = SampleDistance.TryParse("1m", out SampleDistance distance);
        var random = new Random(1);
        long blocks = 0;
        for (int i = 0; i < Samples; i++)
        {
            int next = distance.NextBlocks((nuint)byteCount, random);
            Assert.True(next >= 1);
            blocks += next;
        }

        double likelihood = 1 - Math.Exp(-byteCount / (double)distance.Length);
        double deviation = Math.Sqrt((1 - likelihood) / Samples);
        Assert.InRange((double)Samples / blocks / likelihood, 1 - (5 * deviation) - 1e-9, 1 + (5 * deviation) + 1e-9);
    }

    [Fact]
    public void By_bytes_each_byte_is_as_likely_as_the_next_whatever_blocks_it_is_in()
    {
        // One count for all sizes, as threads have it for what no size class counts.
        _ = SampleDistance.TryParse("64k", out SampleDistance distance);
        var random = new Random(2);
        int[] sizes = [16, 1000, 30_000];
        int[] samples = new int[sizes.Length];
        const int Blocks = 3_000_000;
        double left = 0;
        for (int i = 0; i < Blocks; i++)
        {
            int which = random.Next(sizes.Length);
            left = left <= 0 ? distance.NextBytes(random) : left;
            left -= sizes[which];
            samples[which] += left <= 0 ? 1 : 0;
        }

        for (int which = 0; which < sizes.Length; which++)
        {
            double expected = Blocks / 3.0 * (1 - Math.Exp(-sizes[which] / (double)distance.Length));
            Assert.InRange(samples[which], expected - (5 * Math.Sqrt(expected)), expected + (5 * Math.Sqrt(expected)));
        }
    }

    [Fact]
    public void By_blocks_all_are_as_likely()
    {
        const int Samples = 20_000;
        _ = SampleDistance.TryParse("100", out SampleDistance distance);
        var random = new Random(3);
        long small = 0;
        long large = 0;
        for (int i = 0; i < Samples; i++)
        {
            small += distance.NextBlocks(1, random);
            large += distance.NextBlocks(1 << 30, random);
        }

        Assert.InRange((double)small / Samples, 98, 102);
        Assert.InRange((double)large / Samples, 98, 102);
    }
}
