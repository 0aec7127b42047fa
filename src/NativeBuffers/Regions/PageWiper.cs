using System.Security.Cryptography;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Regions;

/// <summary>Overwrites what pages hold, and takes no memory for those that hold nothing.</summary>
/// <remarks>
/// A page that was never touched has no memory yet; to write to it would take some, for all of a region perhaps more than
/// there is. One that was only read is the system's page of zeros: so look before writing, too.
/// </remarks>
internal readonly struct PageWiper(SystemMemory system)
{
    /// <summary>How many pages are asked for at once whether they have contents.</summary>
    private const int PagesPerQuestion = 1024;

    /// <safety>The range is whole pages that may be read and written.</safety>
    public unsafe void Wipe(byte* start, long byteCount)
    {
        int pageSize = (int)SystemMemory.PageSize;
        Span<byte> resident = stackalloc byte[PagesPerQuestion];
        for (byte* end = start + byteCount; start < end; start += (nint)resident.Length * pageSize)
        {
            resident = resident[..(int)long.Min(resident.Length, (end - start) / pageSize)];
            system.FindResident(start, resident);
            for (int i = 0; i < resident.Length; i++)
            {
                // Not read where nothing is: that would map the page of zeros.
                if (resident[i] == 0)
                {
                    continue;
                }

                var page = new Span<byte>(start + ((nint)i * pageSize), pageSize);
                if (page.ContainsAnyExcept((byte)0))
                {
                    // Never optimized away, which the platform promises.
                    CryptographicOperations.ZeroMemory(page);
                }
            }
        }
    }
}
