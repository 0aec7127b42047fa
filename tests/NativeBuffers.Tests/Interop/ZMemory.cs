using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Interop;

/// <summary>Gives zlib all the memory it asks for from one of the library's allocators, and counts it.</summary>
internal sealed class ZMemory(NativeAllocator allocator) : IDisposable
{
    /// <summary>zlib frees without a size, so the size is stored before the block.</summary>
    private const int HeaderByteCount = 16;

    private GCHandle<ZMemory> _self;

    public int LiveBlocks { get; private set; }

    public int AllBlocks { get; private set; }

    /// <summary>The number of blocks left; then zlib gets null.</summary>
    public int Limit { get; init; } = int.MaxValue;

    /// <summary>A stream that asks here.</summary>
    public unsafe ZStream NewStream()
    {
        if (!_self.IsAllocated)
        {
            _self = new GCHandle<ZMemory>(this);
        }

        return new ZStream { Allocate = &Allocate, Free = &Free, Opaque = GCHandle<ZMemory>.ToIntPtr(_self) };
    }

    public void Dispose() => _self.Dispose();

    [UnmanagedCallersOnly]
    private static unsafe void* Allocate(void* opaque, uint length, uint elementSize) =>
        GCHandle<ZMemory>.FromIntPtr((nint)opaque).Target.Allocate((nuint)length * elementSize);

    [UnmanagedCallersOnly]
    private static unsafe void Free(void* opaque, void* block) => GCHandle<ZMemory>.FromIntPtr((nint)opaque).Target.Free(block);

    private unsafe void* Allocate(nuint byteCount)
    {
        nuint widened = byteCount + HeaderByteCount;
        void* outer = AllBlocks < Limit ? allocator.TryAllocate(widened, 16, zeroed: false) : null;
        if (outer == null)
        {
            return null;
        }

        AllBlocks++;
        LiveBlocks++;
        *(nuint*)outer = widened;
        return (byte*)outer + HeaderByteCount;
    }

    private unsafe void Free(void* block)
    {
        LiveBlocks--;
        void* outer = (byte*)block - HeaderByteCount;
        allocator.Free(outer, *(nuint*)outer);
    }
}
