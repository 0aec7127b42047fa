namespace NativeBuffers.Primitives;

/// <summary>A point where a test lets a request to the system, the C library or the runtime fail.</summary>
/// <remarks>
/// Each slow path that asks for memory checks it first: for blocks, pages and mappings, and for the library's own tables, which do not
/// come from a <c>NativeAllocator</c>. Without a test, the check is one read of a field.
/// </remarks>
internal static class FailPoint
{
    private static int s_testCount;

    [ThreadStatic]
    private static Func<bool>? t_refuses;

    /// <summary>True if the next request must fail.</summary>
    public static bool IsRefused => s_testCount != 0 && t_refuses?.Invoke() == true;

    /// <summary>Throws the runtime's exception if the next request must fail.</summary>
    [SuppressMessage("Usage", "CA2201", Justification = "It replaces the runtime's own exception.")]
    public static void ThrowIfRefused()
    {
        if (IsRefused)
        {
            throw new OutOfMemoryException("Refused, for a test.");
        }
    }

    /// <summary>Runs a body. At each request of this thread, <paramref name="refuses"/> decides whether it fails.</summary>
    public static void Test(Func<bool> refuses, Action body)
    {
        Func<bool>? before = t_refuses;
        _ = Interlocked.Increment(ref s_testCount);
        t_refuses = refuses;
        try
        {
            body();
        }
        finally
        {
            t_refuses = before;
            _ = Interlocked.Decrement(ref s_testCount);
        }
    }
}
