using System.Runtime.Intrinsics;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The bytes that checked memory is filled with, as in Microsoft's debug heap: to fill memory, and to find changed bytes.</summary>
/// <remarks>
/// Red zones and freed blocks hold the same byte. So when a block goes from one use to the next, the block and the red zone after its
/// end are filled and verified as one piece.
/// </remarks>
internal static class FillPattern
{
    /// <summary>Each byte of red zones and of freed blocks.</summary>
    public const byte Poison = 0xFD;

    /// <summary>Each byte of a new block, if the caller asked for no zeroes.</summary>
    public const byte Fresh = 0xCD;

    /// <summary>Eight bytes of <see cref="Poison"/>.</summary>
    public const ulong PoisonWord = 0xFDFD_FDFD_FDFD_FDFD;

    private const int Line = 64;

    /// <summary>Fills whole lines: as many as hold <paramref name="byteCount"/> bytes.</summary>
    /// <safety>The lines can be written, up to the end of the last one.</safety>
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

    /// <summary>Fills exactly <paramref name="byteCount"/> bytes.</summary>
    /// <safety>The bytes can be written.</safety>
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

    /// <summary>Whether whole lines hold only <see cref="Poison"/>.</summary>
    /// <safety>From <paramref name="start"/> to <paramref name="end"/> there are whole lines, which can be read.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool AreLinesPoisoned(byte* start, byte* end)
    {
        Vector256<byte> poison = Vector256.Create(Poison);
        Vector256<byte> changed = Vector256<byte>.Zero;
        for (; start < end; start += Line)
        {
            changed |= (Vector256.Load(start) ^ poison) | (Vector256.Load(start + (Line / 2)) ^ poison);
        }

        return changed == Vector256<byte>.Zero;
    }

    /// <summary>Whether all bytes are <see cref="Poison"/>.</summary>
    /// <safety>From <paramref name="start"/> to <paramref name="end"/> there are at least 64 bytes, which can be read.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe bool IsPoisoned(byte* start, byte* end)
    {
        byte* last = end - Line;
        byte* next = start;
        Vector256<byte> poison = Vector256.Create(Poison);
        Vector256<byte> changed = (Vector256.Load(last) ^ poison) | (Vector256.Load(last + (Line / 2)) ^ poison);
        for (; next < last; next += Line)
        {
            changed |= (Vector256.Load(next) ^ poison) | (Vector256.Load(next + (Line / 2)) ^ poison);
        }

        return changed == Vector256<byte>.Zero;
    }

    /// <summary>The number of bytes that are not <see cref="Poison"/>, and the offset of the first of them.</summary>
    /// <safety>The bytes from <paramref name="start"/> to <paramref name="end"/> can be read.</safety>
    public static unsafe nuint CountChanged(byte* start, byte* end, out nuint first)
    {
        nuint count = 0;
        first = 0;
        for (byte* next = start; next < end; next++)
        {
            // Usually no byte was changed, and the span's search is fast.
            int rest = (int)nuint.Min((nuint)(end - next), int.MaxValue);
            int skipped = new ReadOnlySpan<byte>(next, rest).IndexOfAnyExcept(Poison);
            next += skipped < 0 ? rest - 1 : skipped;
            first = skipped >= 0 && count == 0 ? (nuint)(next - start) : first;
            count += skipped < 0 ? 0u : 1;
        }

        return count;
    }
}
