using NativeBuffers.Caches;
using NativeBuffers.Lifetimes;

namespace NativeBuffers;

/// <summary>What the process holds of native memory, and what became of it.</summary>
/// <remarks>All members may be called from any thread.</remarks>
public static class NativeMemoryTracker
{
    /// <summary>
    /// How many owners, lists, scoped and pooled buffers were never disposed, and had their memory freed by a finalizer, or when
    /// their thread had ended; arenas count with each of their blocks. Each is a mistake in the program; also those that a
    /// finalizer of the program's own would have disposed, had it been first.
    /// </summary>
    public static long AbandonedCount => Guardian.AbandonedCount + ThreadCaches.AbandonedCount;
}
