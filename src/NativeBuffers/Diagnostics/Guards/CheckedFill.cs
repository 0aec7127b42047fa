using System.Runtime.Intrinsics;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>What checked memory holds that is not the user's to touch, and whether it still does.</summary>
/// <remarks>
/// Red zones and freed blocks are filled with the same byte. So a block that goes from one use to the next is looked at, and
/// filled, as one piece with the zone behind it.
/// </remarks>
internal static class CheckedFill
{
    /// <summary>Each byte of red zones and of freed blocks.</summary>
    public const byte Forbidden = 0xFD;

    /// <summary>Each byte of a block whose user has asked for no zeroes.</summary>
    public const byte Fresh = 0xCD;

    /// <summary>Eight forbidden bytes.</summary>
    public const ulong ForbiddenWord = 0xFDFD_FDFD_FDFD_FDFD;

    private const int Line = 64;

    /// <summary>Sets whole lines: as many as hold <paramref name="byteCount"/> bytes.</summary>
    /// <safety>They may be written.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void SetLines(byte* start, nuint byteCount, byte value)
    {
        Vector256<byte> all = Vector256.Create(value);
        byte* end = start + byteCount;
        for (; start < end; start += Line)
        {
            all.Store(start);
            all.Store(start + (Line / 2));
        }
    }

    /// <summary>Sets bytes, and none more.</summary>
    /// <safety>They may be written.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Set(byte* start, nuint byteCount, byte value)
    {
        nuint tail = byteCount % Line;
        SetLines(start, byteCount - tail, value);
        if (tail != 0)
        {
            NativeMemory.Fill(start + (byteCount - tail), tail, value);
        }
    }

    /// <summary>Whether whole lines are all forbidden bytes.</summary>
    /// <safety>They may be read; there are some.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool AreLinesIntact(byte* start, byte* end)
    {
        Vector256<byte> forbidden = Vector256.Create(Forbidden);
        Vector256<byte> changed = Vector256<byte>.Zero;
        for (; start < end; start += Line)
        {
            changed |= (Vector256.Load(start) ^ forbidden) | (Vector256.Load(start + (Line / 2)) ^ forbidden);
        }

        return changed == Vector256<byte>.Zero;
    }

    /// <summary>Whether bytes are all forbidden ones.</summary>
    /// <safety>They may be read; there are at least as many as a line has.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool IsIntact(byte* start, byte* end)
    {
        byte* last = end - Line;
        byte* next = start;
        Vector256<byte> forbidden = Vector256.Create(Forbidden);
        Vector256<byte> changed = (Vector256.Load(last) ^ forbidden) | (Vector256.Load(last + (Line / 2)) ^ forbidden);
        for (; next < last; next += Line)
        {
            changed |= (Vector256.Load(next) ^ forbidden) | (Vector256.Load(next + (Line / 2)) ^ forbidden);
        }

        return changed == Vector256<byte>.Zero;
    }

    /// <summary>How many bytes are not the forbidden one, and where the first of them is.</summary>
    /// <safety>They may be read.</safety>
    public static unsafe nuint CountChanged(byte* start, byte* end, out nuint first)
    {
        nuint count = 0;
        first = 0;
        nuint length = (nuint)(end - start);
        for (nuint next = 0; next < length;)
        {
            // Mostly there is none, and the span's own search is fast.
            int rest = (int)nuint.Min(length - next, int.MaxValue);
            int skipped = new ReadOnlySpan<byte>(start + next, rest).IndexOfAnyExcept(Forbidden);
            if (skipped < 0)
            {
                next += (nuint)rest;
                continue;
            }

            next += (nuint)skipped;
            first = count++ == 0 ? next : first;
            next++;
        }

        return count;
    }
}
