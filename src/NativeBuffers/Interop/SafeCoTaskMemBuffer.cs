namespace NativeBuffers;

/// <summary>A block of COM's task memory, freed by <see cref="System.Runtime.InteropServices.Marshal.FreeCoTaskMem"/>.</summary>
/// <remarks>
/// <c>CoTaskMemAlloc</c> and <c>CoTaskMemFree</c> on Windows, the C library elsewhere. For results of COM and shell functions.
/// <c>FromOwner</c> takes blocks of <see cref="NativeAllocator.CoTaskMem"/>.
/// </remarks>
/// <example>
/// <code>
/// using var buffer = SafeCoTaskMemBuffer.Allocate(256);
/// buffer.Write(0, 42);
/// </code>
/// </example>
public sealed class SafeCoTaskMemBuffer : SafeNativeBuffer<SafeCoTaskMemBuffer>
{
    /// <summary>A handle without a block: P/Invoke makes it for a native method that returns a block.</summary>
    public SafeCoTaskMemBuffer()
        : base(NativeAllocator.CoTaskMem)
    {
    }

    private protected override SafeCoTaskMemBuffer Make() => new();
}
