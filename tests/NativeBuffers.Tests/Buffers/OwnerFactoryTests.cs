namespace NativeBuffers.Tests.Buffers;

/// <summary><see cref="NativeMemoryOwner"/> makes owners as <see cref="NativeMemoryOwner{T}"/> does.</summary>
[CorrectProgram]
public class OwnerFactoryTests
{
    private static readonly Func<long, NativeAllocator?, NativeMemoryOwner<int>>[] s_factories =
    [
        static (length, allocator) => NativeMemoryOwner.Create<int>(length, allocator),
        static (length, allocator) => NativeMemoryOwner.CreateUninitialized<int>(length, allocator),
        static (length, allocator) => NativeMemoryOwner.CreateFrom<int>(new int[length], allocator),
        NativeMemoryOwner.Create<int>,
        NativeMemoryOwner.CreateUninitialized<int>,
    ];

    [Fact]
    public void Every_factory_takes_the_length_and_the_allocator()
    {
        foreach (Func<long, NativeAllocator?, NativeMemoryOwner<int>> make in s_factories)
        {
            using NativeMemoryOwner<int> ofDefault = make(100, null);
            using NativeMemoryOwner<int> ofMalloc = make(100, NativeAllocator.Malloc);
            Assert.Equal((100, 100), (ofDefault.Length, ofMalloc.Length));
            Assert.Same(NativeAllocator.Malloc, ofMalloc.Allocator);
        }
    }

    [Fact]
    public void Create_gives_zeroes_and_CreateFrom_a_copy()
    {
        NativeMemoryOwner.CreateFrom<int>([1, 2, 3]).Dispose();
        using NativeMemoryOwner<int> zeroes = NativeMemoryOwner.Create<int>(3);
        int[] source = [4, 5, 6];
        using NativeMemoryOwner<int> copy = NativeMemoryOwner.CreateFrom<int>(source);
        source[0] = 9;
        Assert.Equal([0, 0, 0], zeroes.ToArray());
        Assert.Equal([4, 5, 6], copy.ToArray());
    }

    [Fact]
    public void A_negative_or_uncountable_length_is_refused()
    {
        foreach (long length in new[] { -1, long.MinValue, long.MaxValue })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => NativeMemoryOwner.Create<int>(length));
            Assert.Throws<ArgumentOutOfRangeException>(() => NativeMemoryOwner.CreateUninitialized<int>(length));
        }
    }
}
