using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Raw;

/// <summary>The library's own messages, one place each.</summary>
internal static class Failure
{
    public const string Outside = "The range is not inside the memory.";

    [SuppressMessage("Usage", "CA2201", Justification = "Exhausted memory is what the type is for, and what callers catch.")]
    public static OutOfMemoryException OutOfMemory(nuint byteCount, object allocator) =>
        new($"{allocator} could not allocate {byteCount:N0} bytes.");

    public static ObjectDisposedException Disposed(string owner) =>
        new(owner, "The memory was given back: by Dispose, or through another copy of this value that was disposed, moved or resized.");

    public static InvalidOperationException InUse() =>
        new("The memory is borrowed or pinned: it cannot be resized, released or moved before that ends.");

    public static InvalidOperationException TooLongForMemory() =>
        new($"A span or Memory<T> cannot have more than {int.MaxValue:N0} elements: take a slice.");

    public static InvalidOperationException Misaligned(object allocator, nuint alignment) =>
        new($"{allocator} returned a block that does not start at a multiple of {alignment} bytes.");

    public static InvalidOperationException ScopeOpen() =>
        new("A scope of this arena is open: allocate from the innermost one, or dispose it first.");

    [SuppressMessage("Usage", "CA2201", Justification = "Exhausted memory is what the type is for, and what callers catch.")]
    public static OutOfMemoryException ArenaLimit(long limit, nuint byteCount) =>
        new($"The arena's limit of {limit:N0} bytes leaves no room for {byteCount:N0} more.");

    public static InvalidOperationException ArenaInUse() =>
        new("The arena is borrowed already: one borrow at a time, which that thread must end first.");
}
