namespace NativeBuffers;

/// <summary>
/// A block of <see cref="System.Runtime.InteropServices.Marshal.AllocHGlobal(nint)"/>, freed by
/// <see cref="System.Runtime.InteropServices.Marshal.FreeHGlobal"/>.
/// </summary>
/// <remarks>
/// The system's <c>LocalAlloc</c> and <c>LocalFree</c> on Windows, the C library elsewhere. For native methods that return memory for
/// <c>LocalFree</c>, and for code that frees with <see cref="System.Runtime.InteropServices.Marshal"/>. <c>FromOwner</c> takes blocks of
/// <see cref="NativeAllocator.HGlobal"/>.
/// </remarks>
/// <example>
/// <code>
/// using var buffer = SafeHGlobalBuffer.Allocate(256);
/// buffer.Write(0, 42);
/// </code>
/// </example>
public sealed class SafeHGlobalBuffer : SafeNativeBuffer<SafeHGlobalBuffer>
{
    /// <summary>A handle without a block: P/Invoke makes it for a native method that returns a block.</summary>
    public SafeHGlobalBuffer()
        : base(NativeAllocator.HGlobal)
    {
    }

    private protected override SafeHGlobalBuffer Make() => new();
}
