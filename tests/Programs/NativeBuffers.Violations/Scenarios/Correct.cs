namespace NativeBuffers.Violations;

/// <summary>A correct program, with blocks of all sizes and owners of several kinds, on several threads.</summary>
public sealed class Correct : Scenario
{
    public override void Run(NativeAllocator allocator) =>
        Parallel.For(
            0,
            2000,
            i =>
            {
                using var buffer = NativeBuffer.Create<long>(i % 700, allocator);
                buffer.Fill(i);
                buffer.Resize((i % 300) + 1);
                using var owner = NativeMemoryOwner<byte>.Create(i, allocator);
                using var list = new NativeList<int>(allocator: allocator);
                for (int item = 0; item < i % 100; item++)
                {
                    list.Add(item);
                }

                Free(allocator, (nuint)i);
            });

    private static unsafe void Free(NativeAllocator allocator, nuint byteCount)
    {
        byte* block = (byte*)allocator.Allocate(byteCount);
        new Span<byte>(block, (int)byteCount).Fill(7);
        block = (byte*)allocator.Resize(block, byteCount, byteCount + 10);
        allocator.Free(block, byteCount + 10);
    }
}
