static class Sample
{
    static unsafe void Run()
    {
        int* block = (int*)NativeAllocator.Malloc.Allocate(3 * sizeof(int));
        NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.Adopt(block, 3, NativeAllocator.Malloc);
        int* released = owner.Release();
        NativeAllocator.Malloc.Free(released, 3 * sizeof(int));
        using var other = NativeMemoryOwner<int>.Create(3);
        using System.Buffers.MemoryHandle pin = other.Pin();
        *(int*)pin.Pointer = 1;
    }
}
