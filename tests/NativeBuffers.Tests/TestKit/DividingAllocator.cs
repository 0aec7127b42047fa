namespace NativeBuffers.Tests.TestKit;

/// <summary>Gives out parts of one block of another allocator. The first part has the address of the block.</summary>
internal sealed class DividingAllocator(NativeAllocator? inner = null, int byteCount = DividingAllocator.ByteCount) : NativeAllocator("Dividing"), IDisposable
{
    /// <summary>The size of the whole block, unless the test asks for another one.</summary>
    public const int ByteCount = 200_000;

    private readonly nuint _wholeByteCount = (nuint)byteCount;
    private nint _whole;
    private nuint _used;

    /// <summary>Asked for at each use: in a scope that looks for leaks, the default allocator is another one.</summary>
    private NativeAllocator Undivided => inner ?? Default;

    public void Dispose()
    {
        unsafe
        {
            // SAFETY: all parts came back.
            Undivided.Free((void*)_whole, _wholeByteCount);
        }
    }

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (_whole == 0)
        {
            _whole = (nint)Undivided.Allocate(_wholeByteCount);
        }

        byte* part = (byte*)_whole + _used;
        _used += (byteCount + 63) / 64 * 64;
        return part;
    }

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
    }
}
