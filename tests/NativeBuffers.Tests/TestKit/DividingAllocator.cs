namespace NativeBuffers.Tests.TestKit;

/// <summary>Gives out parts of one block of the default allocator, the first of them at the address of that.</summary>
internal sealed class DividingAllocator() : NativeAllocator("Dividing"), IDisposable
{
    /// <summary>The size of the whole block.</summary>
    public const int ByteCount = 200_000;

    private nint _whole;
    private nuint _used;

    public void Dispose()
    {
        unsafe
        {
            // SAFETY: all parts came back.
            Default.Free((void*)_whole, ByteCount);
        }
    }

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (_whole == 0)
        {
            _whole = (nint)Default.Allocate(ByteCount);
        }

        byte* part = (byte*)_whole + _used;
        _used += (byteCount + 63) / 64 * 64;
        return part;
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
    }
}
