using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Instrumented.Tracking;

/// <summary>Each kind of owner: makes one, calls back, and disposes it. The line that makes it ends with its name.</summary>
public static class OwnerKinds
{
    [SuppressMessage("Ownership", "NB0010", Justification = "A bare block is one of the kinds that tracking must name.")]
    public static IReadOnlyDictionary<string, Action<Action>> All { get; } = new Dictionary<string, Action<Action>>
    {
        ["buffer"] = static then =>
        {
            using var buffer = NativeBuffer.Create<int>(100); // buffer
            then();
        },
        ["large buffer"] = static then =>
        {
            using var buffer = NativeBuffer.Create<int>(1_000_000); // large buffer
            then();
        },
        ["buffer of malloc"] = static then =>
        {
            using var buffer = NativeBuffer.Create<int>(100, NativeAllocator.Malloc); // buffer of malloc
            then();
        },
        ["resized buffer"] = static then =>
        {
            var buffer = NativeBuffer.Create<int>(100); // resized buffer
            buffer.Resize(100_000);
            then();
            buffer.Dispose();
        },
        ["owner"] = static then =>
        {
            using var owner = NativeMemoryOwner<int>.Create(100); // owner
            then();
        },
        ["owner of pages"] = static then =>
        {
            using var owner = NativeMemoryOwner<int>.Create(100, NativeAllocator.Pages); // owner of pages
            then();
        },
        ["buffer to owner"] = static then =>
        {
            NativeBuffer<int> buffer = NativeBuffer.Create<int>(100); // buffer to owner
            using NativeMemoryOwner<int> owner = buffer.ToOwner();
            then();
        },
        ["scratch list"] = static then =>
        {
            var list = new ScratchList<int>([]); list.AddRange(new int[100]); // scratch list
            then();
            list.Dispose();
        },
        ["list"] = static then =>
        {
            using var list = new NativeList<int>(100); // list
            then();
        },
        ["arena"] = static then =>
        {
            using var arena = NativeArena.Create(); // arena
            then();
        },
        ["arena owner"] = static then =>
        {
            using var arena = NativeArenaOwner.Create(); // arena owner
            then();
        },
        ["pooled buffer"] = static then =>
        {
            using var buffer = NativeMemoryPool<int>.Shared.RentBuffer(100); // pooled buffer
            then();
        },
        ["rental"] = static then =>
        {
            using var rental = NativeMemoryPool<int>.Shared.Rent(100); // rental
            then();
        },
        ["rental of own pool"] = static then =>
        {
            using var pool = new NativeMemoryPool<int>(new NativePoolOptions());
            using var rental = pool.RentBuffer(100); // rental of own pool
            then();
        },
        ["region"] = static then =>
        {
            using var region = NativeRegion.Reserve(100_000); // region
            then();
        },
        ["stable buffer"] = static then =>
        {
            using var buffer = StableBuffer<int>.Reserve(100_000); // stable buffer
            then();
        },
        ["mapped file"] = static then =>
        {
            string path = Path.GetTempFileName();
            using (var file = MappedFile<int>.Create(path, 100)) // mapped file
            {
                then();
            }

            File.Delete(path);
        },
        ["shared memory"] = static then =>
        {
            using var shared = SharedMemory<int>.Create($"kinds-{Guid.NewGuid():N}", 100); // shared memory
            then();
        },
        ["malloc handle"] = static then =>
        {
            using var handle = SafeMallocBuffer.Allocate(100); // malloc handle
            then();
        },
        ["aligned handle"] = static then =>
        {
            using var handle = SafeAlignedBuffer.Allocate(100); // aligned handle
            then();
        },
        ["hglobal handle"] = static then =>
        {
            using var handle = SafeHGlobalBuffer.Allocate(100); // hglobal handle
            then();
        },
        ["task memory handle"] = static then =>
        {
            using var handle = SafeCoTaskMemBuffer.AllocateUninitialized(100); // task memory handle
            then();
        },
        ["pages handle"] = static then =>
        {
            using var handle = SafePagesBuffer.Allocate(100); // pages handle
            then();
        },
        ["owner to handle"] = static then =>
        {
            var owner = NativeMemoryOwner<int>.Create(100, NativeAllocator.Malloc);
            using var handle = SafeMallocBuffer.FromOwner(owner); // owner to handle
            then();
        },
        ["handle to owner"] = static then =>
        {
            var handle = SafeMallocBuffer.Allocate(100);
            using var owner = handle.ToOwner<int>(); // handle to owner
            then();
        },
        ["bare block"] = static then =>
        {
            unsafe
            {
                // SAFETY: freed once, with its size.
                void* block = NativeAllocator.Default.Allocate(100); // bare block
                then();
                NativeAllocator.Default.Free(block, 100);
            }
        },
        ["released block"] = static then =>
        {
            unsafe
            {
                // SAFETY: freed once, with its size.
                var owner = NativeMemoryOwner<int>.Create(100); // released block
                int* block = owner.Release();
                then();
                NativeAllocator.Default.Free(block, 400);
            }
        },
    };
}
