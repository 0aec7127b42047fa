using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Faults;

/// <summary>Touches a page of a region through an address that was kept, which the library cannot see.</summary>
internal static class Touch
{
    // So large that nothing else comes to lie where it was.
    private const long Size = 1L << 40;

    private static readonly long s_page = Environment.SystemPageSize;

    [SuppressMessage("Ownership", "NB0001", Justification = "The process ends at the fault.")]
    [SuppressMessage("Ownership", "NB0004", Justification = "The program touches what it must not.")]
    public static unsafe void Page(string how)
    {
        long start = Size / 2;
        NativeRegion region = NativeRegion.Reserve(Size);
        region.Commit(start - s_page, 3 * s_page);
        byte* kept;
        using (Borrow<byte> borrow = region.Borrow<byte>(start, s_page))
        {
            borrow.Span.Fill(7);
            fixed (byte* first = borrow.Span)
            {
                kept = first;
            }
        }

        switch (how)
        {
            case "decommitted":
                region.Decommit(start, s_page);
                break;
            case "protected":
                region.Protect(start, s_page, PageAccess.None);
                break;
            case "read-only":
                region.Protect(start, s_page, PageAccess.Read);
                Console.WriteLine($"read {*kept}");
                break;
            case "disposed":
                region.Dispose();
                break;
            case "discarded":
                region.Discard(start, s_page);
                break;
            default:
                throw new ArgumentException($"There is no way {how}.", nameof(how));
        }

        // Neighbours are not touched by what happened.
        if (how != "disposed")
        {
            Console.WriteLine($"neighbours {kept[-1] + kept[s_page]}");
        }

        Console.WriteLine("touches");
        Console.Out.Flush();
        if (how == "read-only")
        {
            *kept = 1;
        }

        Console.WriteLine($"went on with {*kept}");
        GC.KeepAlive(region);
    }
}
