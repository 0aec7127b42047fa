namespace NativeBuffers;

/// <summary>Whole pages of the operating system, unmapped when freed.</summary>
/// <remarks>
/// For large blocks that live long, and for private pages that a native method mapped on Unix. <c>Initialize</c> must get the size of such
/// a mapping, because the free unmaps that size. Pages without a known size stay mapped. A block starts at a page, and its pages cost
/// memory from their first access on. <c>FromOwner</c> takes blocks of <see cref="NativeAllocator.Pages"/>.
/// </remarks>
/// <example>
/// <code>
/// using var buffer = SafePagesBuffer.Allocate(1L &lt;&lt; 32);
/// buffer.Write(1UL &lt;&lt; 31, 42);
/// </code>
/// </example>
public sealed class SafePagesBuffer : SafeNativeBuffer<SafePagesBuffer>
{
    /// <summary>A handle without a block: P/Invoke makes it for a native method that returns a block.</summary>
    public SafePagesBuffer()
        : base(NativeAllocator.Pages)
    {
    }

    private protected override SafePagesBuffer Make() => new();
}
