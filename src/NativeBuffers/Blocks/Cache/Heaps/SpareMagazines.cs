using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>Empty magazines for the heaps of all pools, by capacity.</summary>
internal static class SpareMagazines
{
    private static readonly UninterruptedLock s_lock = new();
    private static readonly nint[] s_first = new nint[HeapLimit.MostCapacity + 1];

    /// <summary>An empty magazine; null when memory is exhausted.</summary>
    /// <safety>The magazine is the caller's.</safety>
    public static unsafe Magazine* TryTake(int capacity)
    {
        using (s_lock.Enter())
        {
            var magazine = (Magazine*)s_first[capacity];
            if (magazine != null)
            {
                s_first[capacity] = (nint)magazine->Next;
                return magazine;
            }
        }

        return Magazine.TryCreate(capacity);
    }

    /// <summary>Takes an empty magazine back. <see cref="Magazine.None"/> is ignored.</summary>
    /// <safety>The caller gives up the magazine.</safety>
    public static unsafe void Give(Magazine* magazine)
    {
        if (magazine != Magazine.None)
        {
            using (s_lock.Enter())
            {
                magazine->Next = (Magazine*)s_first[magazine->Capacity];
                s_first[magazine->Capacity] = (nint)magazine;
            }
        }
    }
}
