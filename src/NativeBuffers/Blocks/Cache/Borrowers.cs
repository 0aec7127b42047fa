using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache;

/// <summary>The caches whose threads have ever borrowed: where to look for who uses a block.</summary>
/// <remarks>Caches leave their threads, but not this list, and so it has as many as ever borrowed at one time.</remarks>
internal static class Borrowers
{
    private static readonly UninterruptedLock s_gate = new();

    /// <summary>Linked by <see cref="ThreadCache.NextBorrowing"/>; readable without the lock.</summary>
    private static nint s_first;

    /// <summary>Lets others see what the cache's thread borrows from now on.</summary>
    /// <safety>The caller is its thread, and nobody with this cache has borrowed before.</safety>
    public static unsafe void Add(ThreadCache* cache)
    {
        using (s_gate.Enter())
        {
            cache->NextBorrowing = (ThreadCache*)s_first;
            Volatile.Write(ref s_first, (nint)cache);
        }
    }

    /// <summary>Whether any thread is borrowing the slot's block.</summary>
    /// <remarks>
    /// A thread whose borrow is not seen here has yet to read the slot's generation: see <see cref="CloseProtocol"/>. One cache
    /// line a thread is looked at, if that borrows one thing at a time.
    /// </remarks>
    /// <safety>The caller has moved the slot's state on, and then passed a barrier of the whole process.</safety>
    public static unsafe bool Use(Slot* slot)
    {
        for (ThreadCache* cache = (ThreadCache*)Volatile.Read(ref s_first); cache != null; cache = cache->NextBorrowing)
        {
            if (BorrowRecords.Name(&cache->Borrows, slot))
            {
                return true;
            }
        }

        return false;
    }
}
