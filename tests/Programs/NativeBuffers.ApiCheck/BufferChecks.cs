using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.ApiCheck;

/// <summary>Scoped buffers, and the allocators of their blocks.</summary>
internal static class BufferChecks
{
    public static (string Name, Action Run)[] All =>
    [
        ("a buffer is zero, and has its length", Zeroed),
        ("a buffer keeps its elements when it is resized", Resized),
        ("a moved buffer is empty, and its heir has the elements", Moved),
        ("a copy that was freed before is stale", Stale),
        ("fill, copy, overlap, slices", Elements),
        ("all sizes from 0 to 2 MiB", Sizes),
        ("all allocators", Allocators),
        ("alignments up to a page", Alignments),
        ("no memory is no exception in TryCreate", NoMemory),
        ("sizes that no memory has are refused", TooLarge),
    ];

    private static void Zeroed()
    {
        for (int round = 0; round < 3; round++)
        {
            using var buffer = NativeBuffer.Create<long>(100);
            Check.That(buffer.Length == 100 && !buffer.AsSpan().ContainsAnyExcept(0L));
            buffer.Fill(-1);
        }
    }

    private static void Resized()
    {
        using var buffer = NativeBuffer.CreateFrom<int>([1, 2, 3]);
        buffer.Resize(100_000);
        Check.That(buffer[2] == 3 && buffer[99_999] == 0);
        buffer.Resize(2);
        Check.That(buffer.AsSpan().SequenceEqual([1, 2]));
    }

    private static void Moved()
    {
        using var first = NativeBuffer.CreateFrom<int>([1, 2, 3]);
        using NativeBuffer<int> second = first.Move();
        Check.That(first.IsEmpty && second[2] == 3);
    }

    [SuppressMessage("Ownership", "NB0003", Justification = "The check disposes a stale copy, which must do nothing.")]
    [SuppressMessage("Ownership", "NB0005", Justification = "The check is about a copy.")]
    private static void Stale()
    {
        NativeBuffer<int> buffer = NativeBuffer.Create<int>(10);
        NativeBuffer<int> copy = buffer;
        buffer.Dispose();
        Check.That(copy.IsDisposed);
        copy.Dispose();
        using var next = NativeBuffer.Create<int>(10);
        Check.That(!next.IsDisposed);
    }

    private static void Elements()
    {
        using var buffer = NativeBuffer.Create<short>(10);
        buffer.Fill(7);
        buffer[^1] = 8;
        using var copy = NativeBuffer.CreateUninitialized<short>(10);
        buffer.CopyTo(copy);
        Check.That(copy[8] == 7 && copy[9] == 8 && !copy.Overlaps(buffer) && copy.Overlaps(copy.AsSpan(3, 2)));
        buffer.Clear();
        Check.That(buffer[^1] == 0);
    }

    private static void Sizes()
    {
        for (int byteCount = 0; byteCount <= 2 << 20; byteCount = (byteCount * 5 / 4) + 1)
        {
            using var buffer = NativeBuffer.Create<byte>(byteCount);
            buffer.Fill((byte)byteCount);
            Check.That(!buffer.AsSpan().ContainsAnyExcept((byte)byteCount));
        }
    }

    private static void Allocators()
    {
        NativeAllocator[] allocators =
        [
            NativeAllocator.Default, NativeAllocator.Malloc, NativeAllocator.HGlobal, NativeAllocator.CoTaskMem, NativeAllocator.Pages,
            NativeAllocator.PinnedHeap,
        ];
        foreach (NativeAllocator allocator in allocators)
        {
            using var buffer = NativeBuffer.CreateFrom<int>([1, 2, 3], allocator);
            buffer.Resize(10_000);
            Check.That(buffer[2] == 3 && buffer[9999] == 0);
        }
    }

    private static void Alignments()
    {
        for (int alignment = 1; alignment <= 4096; alignment *= 2)
        {
            using var buffer = NativeBuffer.Create<byte>(100, NativeAllocator.Aligned(alignment));
            unsafe
            {
                Check.That((nuint)buffer.Pointer % (nuint)alignment == 0);
            }
        }
    }

    private static void NoMemory()
    {
        Check.That(!NativeBuffer.TryCreate(100, out NativeBuffer<long> none, NativeAllocator.Malloc.WithLimit(799)));
        none.Dispose();
        Check.That(NativeBuffer.TryCreate(100, out NativeBuffer<long> some, NativeAllocator.Malloc.WithLimit(800)));
        some.Dispose();
    }

    private static void TooLarge()
    {
        Check.Throws<ArgumentOutOfRangeException>(static () => NativeBuffer.Create<int>(-1).Dispose());
        Check.Throws<ArgumentOutOfRangeException>(static () => NativeMemoryOwner<long>.Create(long.MaxValue).Dispose());
        Check.Throws<OutOfMemoryException>(static () => NativeMemoryOwner<byte>.Create(1L << 60).Dispose());
    }
}
