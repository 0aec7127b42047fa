namespace NativeBuffers.Tests.TestKit;

/// <summary>Ways in which a bare block of <see cref="NativeAllocator.Default"/> comes to its end.</summary>
internal static class BareBlocks
{
    /// <summary>Gives a block back, in one way or another.</summary>
    /// <param name="how"><c>freed</c>, <c>resized</c>, or <c>adopted</c>.</param>
    /// <param name="block">Its first byte.</param>
    /// <param name="byteCount">Its size.</param>
    /// <param name="of">Its allocator; the default one when null.</param>
    public static unsafe void End(string how, nint block, int byteCount, NativeAllocator? of = null)
    {
        NativeAllocator allocator = of ?? NativeAllocator.Default;
        switch (how)
        {
            case "freed":
                allocator.Free((void*)block, (nuint)byteCount);
                break;
            case "resized":
                // It moves: no allocator keeps a block in its place that becomes so much larger.
                nuint larger = (nuint)byteCount * 1000;
                allocator.Free(allocator.Resize((void*)block, (nuint)byteCount, larger), larger);
                break;
            case "adopted":
                NativeMemoryOwner<byte>.Adopt((byte*)block, byteCount, allocator).Dispose();
                break;
            default:
                throw new ArgumentException($"No block ends {how}.", nameof(how));
        }
    }
}
