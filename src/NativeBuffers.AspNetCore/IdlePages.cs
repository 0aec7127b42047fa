using System.Buffers;
using System.Runtime.InteropServices;

namespace NativeBuffers.AspNetCore;

/// <summary>Gives the pages of unused memory back to the system at once.</summary>
/// <remarks>
/// The collector frees a pinned array at the next full collection, and an idle server has none. The collector also keeps the pages of a
/// region of its heap while one array is in there. So the pages go back first. The array stays an array, whose
/// bytes are zero.
/// </remarks>
internal static partial class IdlePages
{
    /// <summary>Linux: the contents are not needed, and the next access finds zeros.</summary>
    private const int DontNeed = 4;

    /// <summary>Gives back the pages that lie wholly inside the memory. On other systems than Linux it does nothing.</summary>
    /// <param name="owner">Memory whose contents are not needed.</param>
    public static void Discard(NativeMemoryOwner<byte> owner)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using MemoryHandle pin = owner.Pin();
        unsafe
        {
            // SAFETY: the pin keeps the block, and only pages that the block covers are given back. The block has no user.
            nuint page = (nuint)Environment.SystemPageSize;
            nuint first = ((nuint)pin.Pointer + page - 1) & ~(page - 1);
            nuint end = ((nuint)pin.Pointer + (nuint)owner.Length) & ~(page - 1);
            if (end > first)
            {
                // Huge pages refuse it. They stay then, until the collector frees them.
                _ = madvise((void*)first, end - first, DontNeed);
            }
        }
    }

    /// <summary>The C library's function.</summary>
    /// <safety>The range is mapped, and no code needs its contents.</safety>
    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial int madvise(void* start, nuint byteCount, int advice);
}
