namespace NativeBuffers.Tests.Lists;

/// <summary>Owners are resized across the borders of pages, of the cache and of whole pages: contents stay, and new elements are zero.</summary>
[Slow]
public class ResizeBorderTests
{
    private const int Page = 4096;
    private const int Cached = 256 * 1024;
    private const int OfPages = 32 * 1024 * 1024;

    private static readonly int[] s_lengths =
        [Page - 1, Page, Page + 1, Cached - 1, Cached, Cached + 1, OfPages - 1, OfPages, OfPages + 1, OfPages + Page];

    [Fact]
    public void Buffers_and_owners_of_the_default_allocator_from_every_length_to_every_other()
    {
        foreach (int from in s_lengths)
        {
            using var buffer = NativeBuffer.CreateUninitialized<byte>(from);
            using var owner = NativeMemoryOwner<byte>.CreateUninitialized(from);
            buffer.Fill(0xA5);
            owner.GetSpan().Fill(0xA5);
            foreach (int to in s_lengths.Where(to => to != from))
            {
                buffer.Resize(to);
                owner.Resize(to);
                AssertKept(buffer.AsSpan(), from, to);
                AssertKept(owner.GetSpan(), from, to);
                buffer.Resize(from);
                owner.Resize(from);
                AssertKept(buffer.AsSpan(), to, from);
                AssertKept(owner.GetSpan(), to, from);
            }
        }
    }

    [Fact]
    public void The_elements_of_a_scratch_list_stay_across_every_border()
    {
        using var list = new ScratchList<byte>(stackalloc byte[100]);
        foreach (int length in s_lengths)
        {
            int before = list.Count;
            list.EnsureCapacity(length);
            Assert.Equal(-1, list.AsSpan().IndexOfAnyExcept((byte)7));
            while (list.Count < length)
            {
                list.Add(7);
            }

            Assert.Equal(length, list.Count);
            Assert.Equal(-1, list.AsSpan()[before..].IndexOfAnyExcept((byte)7));
        }
    }

    [Fact]
    public unsafe void A_released_large_block_is_freed_by_its_size()
    {
        foreach (int length in new[] { OfPages - 1, OfPages, OfPages + 1 })
        {
            NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.Create(100);
            owner.Resize(length);
            owner.Resize(OfPages);
            owner.Resize(length);
            byte* block = owner.Release();
            block[length - 1] = 1;
            NativeAllocator.Default.Free(block, (nuint)length);
        }
    }

    /// <summary>The old bytes are as they were filled, and the new ones are zero. They are filled for the next resize.</summary>
    private static void AssertKept(Span<byte> bytes, int from, int to)
    {
        Assert.Equal(to, bytes.Length);
        int kept = int.Min(from, to);
        Assert.Equal((-1, -1), (bytes[..kept].IndexOfAnyExcept((byte)0xA5), bytes[kept..].IndexOfAnyExcept((byte)0)));
        bytes[kept..].Fill(0xA5);
    }
}
