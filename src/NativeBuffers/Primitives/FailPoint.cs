namespace NativeBuffers.Primitives;

/// <summary>Whether the system, the C library or the runtime is made to refuse what the library asks of it: for tests of what becomes of the rest.</summary>
/// <remarks>
/// Whoever asks for memory out of line looks here first: for blocks, pages and mappings, and for what the library keeps for itself,
/// which no <c>NativeAllocator</c> gives. While nobody tests, that is one look at a field.
/// </remarks>
internal static class FailPoint
{
    private static int s_testCount;

    [ThreadStatic]
    private static Func<bool>? t_refuses;

    /// <summary>Whether to take for refused what is about to be asked for.</summary>
    public static bool IsRefused => s_testCount != 0 && t_refuses?.Invoke() == true;

    /// <summary>As <see cref="IsRefused"/>, where the runtime would throw.</summary>
    /// <exception cref="OutOfMemoryException">It is refused.</exception>
    [SuppressMessage("Usage", "CA2201", Justification = "It stands for what the runtime throws.")]
    public static void ThrowIfRefused()
    {
        if (IsRefused)
        {
            throw new OutOfMemoryException("Refused, for a test.");
        }
    }

    /// <summary>Runs a body, and asks a function at each request of this thread whether to refuse it.</summary>
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
