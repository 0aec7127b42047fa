namespace NativeBuffers.Os;

/// <summary>What Unix systems share: an anonymous mapping may be cut anywhere.</summary>
internal abstract class UnixMemory : SystemMemory
{
    public sealed override unsafe void* Allocate(nuint byteCount, nuint alignment)
    {
        if (alignment <= PageSize)
        {
            return MappedOrNull(Map(byteCount));
        }

        // Map enough to hold an aligned run, then unmap what is before and behind it.
        nuint widened = byteCount + alignment;
        if (widened < byteCount)
        {
            return null;
        }

        byte* start = (byte*)MappedOrNull(Map(widened));
        if (start == null)
        {
            return null;
        }

        byte* aligned = (byte*)(((nuint)start + (alignment - 1)) & ~(alignment - 1));
        nuint before = (nuint)(aligned - start);
        nuint behind = widened - before - byteCount;
        if (before != 0)
        {
            Free(start, before);
        }

        if (behind != 0)
        {
            Free(aligned + byteCount, behind);
        }

        return aligned;
    }

    /// <summary>Readable and writable private pages; what <c>mmap</c> returned.</summary>
    protected abstract unsafe void* Map(nuint byteCount);

    /// <summary>These calls say -1 when they are refused.</summary>
    protected static unsafe void* MappedOrNull(void* result) => result == (void*)-1 ? null : result;
}
