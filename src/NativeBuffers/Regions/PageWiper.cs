using System.Security.Cryptography;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Regions;

/// <summary>Overwrites the contents of pages, and takes no memory for pages without contents.</summary>
/// <remarks>
/// A page that was never touched has no memory yet. A write would take some, and for a whole region perhaps more than the machine has. A
/// page that was only read is the system's page of zeros, so each page is read before it is written.
/// </remarks>
internal static class PageWiper
{
    /// <summary>The number of pages in one question to the system.</summary>
    private const int PagesPerQuestion = 1024;

    /// <safety>The range is whole pages. They stay allocated, readable and writable until this returns.</safety>
    public static unsafe void Wipe(SystemMemory system, byte* start, long byteCount)
    {
        int pageSize = (int)SystemMemory.PageSize;
        Span<byte> resident = stackalloc byte[PagesPerQuestion];
        for (byte* end = start + byteCount; start < end; start += (nint)resident.Length * pageSize)
        {
            resident = resident[..(int)long.Min(resident.Length, (end - start) / pageSize)];
            system.FindResident(start, resident);
            for (int i = 0; i < resident.Length; i++)
            {
                // A read of a page without contents would map the page of zeros.
                if (resident[i] == 0)
                {
                    continue;
                }

                var page = new Span<byte>(start + ((nint)i * pageSize), pageSize);
                if (page.ContainsAnyExcept((byte)0))
                {
                    // The platform promises that this write is never optimized away.
                    CryptographicOperations.ZeroMemory(page);
                }
            }
        }
    }
}
