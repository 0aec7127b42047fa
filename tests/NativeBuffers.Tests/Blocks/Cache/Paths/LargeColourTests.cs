using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Tests.Blocks.Cache.Paths;

/// <summary>Large blocks begin at different lines of their first pages, and are whole mappings all the same.</summary>
[Collection(ProcessWide.Name)]
[SuppressMessage("Ownership", "NB0010", Justification = "Some tests are about blocks without an owner.")]
public class LargeColourTests
{
    private const int HalfMegabyte = 512 * 1024;

    /// <summary>A thread of the runtime may map pages at the address that was just unmapped: then another attempt shows more.</summary>
    private const int Attempts = 8;

    public LargeColourTests() => Needs.Caches();

    private static nint PageSize => (nint)SystemMemory.PageSize;

    [Fact]
    public void Live_blocks_of_half_a_megabyte_begin_at_different_lines_of_a_page() => OnFreshThread(static () =>
    {
        HashSet<nint> places = [];
        HoldMore(16);
        Assert.Equal(16, places.Count);

        void HoldMore(int count)
        {
            using NativeBuffer<byte> buffer = NativeBuffer.CreateUninitialized<byte>(HalfMegabyte);
            places.Add(Address(buffer.AsSpan()) % PageSize);
            if (count > 1)
            {
                HoldMore(count - 1);
            }
        }
    });

    [Fact]
    public void Blocks_that_may_be_huge_pages_begin_at_a_page() => OnFreshThread(static () =>
    {
        for (int length = 2 * 1024 * 1024; length <= 64 * 1024 * 1024; length *= 2)
        {
            using NativeBuffer<byte> buffer = NativeBuffer.CreateUninitialized<byte>(length);
            Assert.Equal(0, Address(buffer.AsSpan()) % PageSize);
        }
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_request_for_an_alignment_gets_it_whatever_is_kept(bool zeroed) => OnFreshThread(() =>
    {
        unsafe
        {
            // SAFETY: each block has HalfMegabyte bytes, is freed once with its size and alignment, and is not used afterwards.
            Span<nint> blocks = stackalloc nint[6];
            for (int round = 0; round < 3; round++)
            {
                KeepSome();
                for (nuint alignment = 64; alignment <= (nuint)PageSize; alignment *= 2)
                {
                    foreach (ref nint block in blocks)
                    {
                        block = (nint)NativeAllocator.Default.TryAllocate(HalfMegabyte, alignment, zeroed);
                        Assert.NotEqual(0, block);
                        Assert.Equal(0, block % (nint)alignment);
                        var bytes = new Span<byte>((void*)block, HalfMegabyte);
                        Assert.True(!zeroed || bytes.IndexOfAnyExcept((byte)0) < 0);
                        bytes.Fill(0xFF);
                    }

                    Assert.Equal(blocks.Length, blocks.ToArray().Distinct().Count());
                    foreach (nint block in blocks)
                    {
                        NativeAllocator.Default.Free((void*)block, HalfMegabyte, alignment);
                    }
                }
            }
        }
    });

    [Fact]
    public void A_block_of_an_alignment_is_kept_and_used_again() => OnFreshThread(static () =>
    {
        KeepSome();
        unsafe
        {
            // SAFETY: the addresses are compared, and each block is freed once with its size and alignment.
            nuint page = (nuint)PageSize;
            void* first = NativeAllocator.Default.AllocateUninitialized(HalfMegabyte, page);
            NativeAllocator.Default.Free(first, HalfMegabyte, page);
            void* second = NativeAllocator.Default.AllocateUninitialized(HalfMegabyte, page);
            NativeAllocator.Default.Free(second, HalfMegabyte, page);
            Assert.Equal((nint)first, (nint)second);
        }
    });

    [Fact]
    public void A_resized_block_keeps_its_contents_its_alignment_and_zeros_after_them() => OnFreshThread(static () =>
    {
        unsafe
        {
            // SAFETY: the block has the size of the last call, and is freed once with that size and alignment.
            foreach (nuint alignment in (nuint[])[64, (nuint)PageSize])
            {
                nuint length = HalfMegabyte;
                byte* block = (byte*)NativeAllocator.Default.Allocate(length, alignment);
                new Span<byte>(block, (int)length).Fill(1);
                nuint marked = length;
                foreach (int next in (int[])[HalfMegabyte + 1, 5_000_000, 300_000, 3_000_001, HalfMegabyte, 40_000_000, 400_000, 100_000, 700_000])
                {
                    block = (byte*)NativeAllocator.Default.Resize(block, length, (nuint)next, alignment);
                    length = (nuint)next;
                    marked = nuint.Min(marked, length);
                    Assert.Equal(0, (nint)block % (nint)alignment);
                    Assert.Equal(-1, new Span<byte>(block, (int)marked).IndexOfAnyExcept((byte)1));
                    Assert.Equal(-1, new Span<byte>(block + marked, (int)(length - marked)).IndexOfAnyExcept((byte)0));
                    new Span<byte>(block, (int)length).Fill(1);
                    marked = length;
                }

                NativeAllocator.Default.Free(block, length, alignment);
            }
        }
    });

    [Fact]
    public void A_kept_block_that_has_grown_is_zero_for_the_next_owner() => OnFreshThread(static () =>
    {
        const int Length = 40_000_000;
        using (NativeBuffer<byte> grown = NativeBuffer.Create<byte>(HalfMegabyte))
        {
            grown.Resize(Length);
            grown.Fill(0xFF);
        }

        using NativeBuffer<byte> next = NativeBuffer.Create<byte>(Length);
        Assert.Equal(-1, next.AsSpan().IndexOfAnyExcept((byte)0));
    });

    [Theory]
    [InlineData("buffer")]
    [InlineData("elsewhere")]
    [InlineData("bare")]
    [InlineData("shrunk")]
    [InlineData("grown")]
    public void A_free_unmaps_the_page_before_the_block_and_the_page_after_it(string way)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems do not tell whether a page is mapped.");
        OnFreshThread(() =>
        {
            bool isUnmapped = false;
            for (int attempt = 0; attempt < Attempts && !isUnmapped; attempt++)
            {
                nint block = UseAndFree(way, out int byteCount);
                NativeMemoryCache.Trim();
                unsafe
                {
                    // SAFETY: the pages are asked for, and not used.
                    nint first = block & -PageSize;
                    nint last = (block + byteCount - 1) & -PageSize;
                    isUnmapped = !Host.Memory.IsMapped((void*)first, (nuint)PageSize) && !Host.Memory.IsMapped((void*)last, (nuint)PageSize);
                }
            }

            Assert.True(isUnmapped, "A page of a freed block is still mapped.");
        });
    }

    /// <summary>The address of a block that was freed in one way, and the bytes that it had at last.</summary>
    private static nint UseAndFree(string way, out int byteCount)
    {
        byteCount = HalfMegabyte;
        switch (way)
        {
            case "elsewhere":
                NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.Create(HalfMegabyte);
                nint owned = Address(owner.Memory.Span);
                OtherThread.Run(owner.Dispose);
                return owned;
            case "bare":
                unsafe
                {
                    // SAFETY: the block is freed once, with its size.
                    void* block = NativeAllocator.Default.Allocate(HalfMegabyte);
                    NativeAllocator.Default.Free(block, HalfMegabyte);
                    return (nint)block;
                }

            case "shrunk":
                NativeBuffer<byte> shrunk = NativeBuffer.Create<byte>(HalfMegabyte);
                nint before = Address(shrunk.AsSpan());
                shrunk.Resize(1000);
                shrunk.Dispose();
                return before;
            case "grown":
                NativeBuffer<byte> grown = NativeBuffer.Create<byte>(HalfMegabyte);
                byteCount = 16 * HalfMegabyte;
                grown.Resize(byteCount);
                nint after = Address(grown.AsSpan());
                grown.Dispose();
                return after;
            default:
                using (NativeBuffer<byte> buffer = NativeBuffer.Create<byte>(HalfMegabyte))
                {
                    return Address(buffer.AsSpan());
                }
        }
    }

    /// <summary>Leaves blocks with colours in the bin of this thread.</summary>
    private static void KeepSome()
    {
        using NativeBuffer<byte> first = NativeBuffer.CreateUninitialized<byte>(HalfMegabyte);
        using NativeBuffer<byte> second = NativeBuffer.CreateUninitialized<byte>(HalfMegabyte);
        first.Fill(0xFF);
        second.Fill(0xFF);
    }

    private static void OnFreshThread(Action body)
    {
        NativeMemoryCache.Trim();
        OtherThread.Run(body);
        NativeMemoryCache.Trim();
    }

    private static nint Address(Span<byte> span)
    {
        unsafe
        {
            // SAFETY: the address is compared, not followed.
            return (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(span));
        }
    }
}
