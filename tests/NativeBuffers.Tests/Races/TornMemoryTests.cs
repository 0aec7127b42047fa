using System.Buffers;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Races;

/// <summary>Each <see cref="Memory{T}"/> that mixes words of different owners: the object of one, index and length of the rest.</summary>
[Slow]
public sealed class TornMemoryTests
{
    [Fact]
    public void A_span_lies_in_one_block_and_a_pin_points_into_one()
    {
        using var owner = NativeMemoryOwner<byte>.Create(4096);
        using var shrunk = NativeMemoryOwner<byte>.Create(4096);
        _ = shrunk.Memory;
        shrunk.Resize(100);
        using var kept = NativeMemoryOwner<byte>.Create(300);
        using IMemoryOwner<byte> retained = kept.Retain(100, 50);
        using var list = new NativeList<byte>(64);
        list.AddRange(new byte[20]);
        using PooledBuffer<byte> buffer = NativeMemoryPool<byte>.Shared.RentBuffer(64);
        Memory<byte>[] whole =
        [
            owner.Memory, owner.Slice(4000, 90), shrunk.Slice(10, 90), retained.Memory[10..], list.GetMemory(1), buffer.Memory,
            MemoryMarshal.CreateFromPinnedArray(GC.AllocateArray<byte>(5000, pinned: true), 3, 4500),
        ];
        int count = 0;
        foreach (Memory<byte> torn in TornValues.Of(whole))
        {
            if (MemoryMarshal.TryGetMemoryManager<byte, MemoryManager<byte>>(torn, out MemoryManager<byte>? manager))
            {
                AssertInside(manager, torn);
                count++;
            }
        }

        Assert.True(count > 100, $"{count} values.");

        // No pin has stayed.
        owner.Resize(5000);
        shrunk.Resize(5000);
        list.EnsureCapacity(5000);
    }

    [Fact]
    public void Input_of_the_librarys_own_fills_no_more_than_an_owner_that_was_read_from_such_a_field()
    {
        using var small = NativeMemoryOwner<byte>.Create(64);
        using var large = NativeMemoryOwner<byte>.Create(4096);
        NativeMemoryOwner<byte>[] field = [small];
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, [.. Enumerable.Repeat((byte)0xEE, 4096)]);
            using var file = File.OpenHandle(path);
            OtherThread.Together(
                () =>
                {
                    for (int i = 0; i < 1000; i++)
                    {
                        Volatile.Write(ref field[0], i % 2 == 0 ? large : small);
                    }
                },
                () =>
                {
                    for (int i = 0; i < 1000; i++)
                    {
                        NativeMemoryOwner<byte> read = Volatile.Read(ref field[0]);
                        Assert.Equal(read.Length, NativeRandomAccess.Read(file, read, 0));
                    }
                });
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static unsafe void AssertInside(MemoryManager<byte> manager, Memory<byte> torn)
    {
        Span<byte> all = manager.GetSpan();
        fixed (byte* start = all)
        {
            byte* end = start + all.Length;
            try
            {
                Span<byte> span = torn.Span;
                fixed (byte* first = span)
                {
                    Assert.True(span.IsEmpty || (first >= start && first + span.Length <= end), "The span leaves the memory.");
                }
            }
            catch (ArgumentOutOfRangeException)
            {
            }

            try
            {
                using MemoryHandle handle = torn.Pin();
                Assert.True(handle.Pointer >= start && handle.Pointer <= end, "The pin points behind the memory.");
            }
            catch (Exception refused) when (refused is ArgumentOutOfRangeException or InvalidOperationException)
            {
            }
        }
    }
}
