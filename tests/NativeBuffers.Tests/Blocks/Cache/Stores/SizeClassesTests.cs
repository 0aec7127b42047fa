using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Tests.Blocks.Cache.Stores;

public class SizeClassesTests
{
    [Fact]
    public void Every_size_fits_into_its_class_and_into_no_smaller_one()
    {
        nuint[] sizes =
            [.. Enumerable.Range(1, (int)SizeClasses.Largest).Select(static size => SizeClasses.Of((nuint)size)).Distinct().Select(SizeClasses.SizeOf)];
        Assert.Equal(sizes.Order(), sizes);
        Assert.Equal((nuint)SizeClasses.Smallest, sizes[0]);
        Assert.Equal((nuint)SizeClasses.Largest, sizes[^1]);

        for (nuint size = 1; size <= SizeClasses.Largest; size++)
        {
            int sizeClass = SizeClasses.Of(size);
            Assert.InRange(sizeClass, 0, SizeClasses.Count - 1);
            Assert.Equal(sizes.First(classSize => classSize >= size), SizeClasses.SizeOf(sizeClass));
        }
    }

    [Fact]
    public void Blocks_are_whole_cache_lines_and_waste_at_most_a_fifth_above_512_bytes()
    {
        for (nuint size = 1; size <= SizeClasses.Largest; size++)
        {
            nuint block = SizeClasses.SizeOf(SizeClasses.Of(size));
            Assert.Equal(0u, block % SizeClasses.Smallest);
            Assert.True(size <= 512 ? block - size < 64 : (block - size) * 5 <= block, $"{size} bytes take {block}.");
        }
    }

    [Fact]
    public void No_bytes_are_in_the_smallest_class() => Assert.Equal(SizeClasses.Of(1), SizeClasses.Of(0));
}
