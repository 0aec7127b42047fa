namespace NativeBuffers;

/// <summary>A block of the C library, for example of <c>malloc</c>, <c>calloc</c> or <c>strdup</c>, freed by <c>free</c>.</summary>
/// <remarks>
/// For functions that return a block which the caller frees, and for blocks that C may keep and free. Give the latter away by
/// <see cref="System.Runtime.InteropServices.SafeHandle.SetHandleAsInvalid"/> after the call has succeeded. <c>FromOwner</c> takes blocks of
/// <see cref="NativeAllocator.Malloc"/>.
/// </remarks>
/// <example>
/// <code>
/// [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
/// private static partial SafeMallocBuffer strdup(string text);
///
/// using SafeMallocBuffer copy = strdup("text");
/// copy.Initialize(5);
/// byte first = copy.Read&lt;byte&gt;(0);
/// </code>
/// </example>
public sealed class SafeMallocBuffer : SafeNativeBuffer<SafeMallocBuffer>
{
    /// <summary>A handle without a block: P/Invoke makes it for a native method that returns a block.</summary>
    public SafeMallocBuffer()
        : base(NativeAllocator.Malloc)
    {
    }

    private protected override SafeMallocBuffer Make() => new();
}
