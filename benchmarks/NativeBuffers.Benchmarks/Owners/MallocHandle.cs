using System.Runtime.InteropServices;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>Code by hand: a <see cref="SafeHandle"/> over <c>malloc</c>.</summary>
internal sealed class MallocHandle : SafeHandle
{
    public MallocHandle(int byteCount)
        : base(0, ownsHandle: true)
    {
        unsafe
        {
            // SAFETY: freed by ReleaseHandle, once.
            SetHandle((nint)NativeMemory.Alloc((nuint)byteCount));
        }
    }

    public override bool IsInvalid => handle == 0;

    public ref byte First
    {
        get
        {
            unsafe
            {
                // SAFETY: the block has at least one byte; callers hold the handle.
                return ref *(byte*)handle;
            }
        }
    }

    /// <summary>The first byte, read as people do where another thread may dispose the handle.</summary>
    public byte ReadFirst()
    {
        bool added = false;
        try
        {
            DangerousAddRef(ref added);
            return First;
        }
        finally
        {
            if (added)
            {
                DangerousRelease();
            }
        }
    }

    protected override bool ReleaseHandle()
    {
        unsafe
        {
            // SAFETY: the constructor's block; the base class calls this once.
            NativeMemory.Free((void*)handle);
            return true;
        }
    }
}
