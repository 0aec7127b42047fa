namespace NativeBuffers.Violations;

/// <summary>A correct program, with allocators and pools that hand on blocks of other allocators.</summary>
public sealed class HandedOn : Scenario
{
    public override void Run(NativeAllocator allocator)
    {
        NativeAllocator own = new OwnAllocator(allocator);
        NativeAllocator[] sources =
        [
            own,
            own.WithLimit(1_000_000),
            own.WithGuards(GuardMode.Sampled),
            allocator.WithLimit(1_000_000),
            allocator.WithTracking(),
            allocator.WithFaults(FaultPlan.FailNth(int.MaxValue)),
            allocator.WithGuards(GuardMode.Sampled),
            allocator.WithLimit(1_000_000).WithGuards(GuardMode.Sampled),
        ];
        foreach (NativeAllocator source in sources)
        {
            using var pool = new NativeMemoryPool<byte>(new NativePoolOptions { Allocator = source });
            for (int i = 0; i < 1000; i++)
            {
                Use(source, i);
                using PooledBuffer<byte> first = pool.RentBuffer(i + 1);
                using PooledBuffer<byte> second = pool.RentBuffer(i + 1);
                first.AsSpan().Fill(1);
                second.AsSpan().Fill(2);
            }
        }
    }

    private static unsafe void Use(NativeAllocator source, int size)
    {
        using var owner = NativeMemoryOwner<byte>.Create(size, source);
        owner.Resize(size + 100);
        NativeMemoryOwner<byte> released = NativeMemoryOwner<byte>.Create(size, source);
        source.Free(released.Release(), (nuint)size);
        void* block = source.Allocate(100);
        source.Free(source.Resize(block, 100, 200), 200);
    }

    private sealed class OwnAllocator(NativeAllocator inner) : NativeAllocator("Own")
    {
        protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) =>
            inner.TryAllocate(byteCount, alignment, zeroed);

        protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment) =>
            inner.Free(block, byteCount, alignment);
    }
}
