using System.Runtime.InteropServices;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>Code by hand: the smallest class with a finalizer over <c>malloc</c>.</summary>
internal sealed class FinalizedBlock : IDisposable
{
    private unsafe byte* _block;

    public FinalizedBlock(int byteCount)
    {
        unsafe
        {
            // SAFETY: freed by Free, once.
            _block = (byte*)NativeMemory.Alloc((nuint)byteCount);
        }
    }

    ~FinalizedBlock() => Free();

    public ref byte First
    {
        get
        {
            unsafe
            {
                // SAFETY: the block has at least one byte; callers have not disposed it.
                return ref *_block;
            }
        }
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        unsafe
        {
            // SAFETY: null after the first time.
            NativeMemory.Free(_block);
            _block = null;
        }
    }
}
