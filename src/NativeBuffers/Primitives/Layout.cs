namespace NativeBuffers.Primitives;

/// <summary>Size and alignment arithmetic that never wraps.</summary>
/// <remarks>
/// Byte counts come from here, so <c>count * size</c> is the true product or an exception, and no block is too short. The shortest path
/// multiplies two 32-bit numbers in 64 bits, which cannot wrap, either.
/// </remarks>
internal static class Layout
{
    /// <summary>The alignment of <c>malloc</c> on 64-bit systems, in bytes: that of a request which names no alignment.</summary>
    public const int DefaultAlignment = 16;

    /// <summary>The largest block, in bytes: pointer differences must stay positive.</summary>
    public static nuint LargestByteCount => (nuint)nint.MaxValue;

    /// <summary>The bytes that <paramref name="length"/> elements of <paramref name="elementSize"/> bytes take.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative, or the product passes <see cref="LargestByteCount"/>.</exception>
    public static nuint ByteCount(long length, int elementSize)
    {
        // A negative length is more than the largest byte count, too, as a number without a sign.
        return Math.BigMul((ulong)length, (uint)elementSize, out ulong byteCount) == 0 && byteCount <= LargestByteCount
            ? (nuint)byteCount
            : throw Outside(length, elementSize);
    }

    /// <summary>Throws unless <paramref name="alignment"/> is a power of two.</summary>
    public static void ThrowIfNotAlignment(nuint alignment, [CallerArgumentExpression(nameof(alignment))] string? name = null)
    {
        if (!nuint.IsPow2(alignment))
        {
            throw new ArgumentOutOfRangeException(name, alignment, "An alignment is a power of two, in bytes.");
        }
    }

    /// <summary>Throws when <paramref name="byteCount"/> passes <see cref="LargestByteCount"/>.</summary>
    public static void ThrowIfTooLarge(nuint byteCount, [CallerArgumentExpression(nameof(byteCount))] string? name = null) =>
        ArgumentOutOfRangeException.ThrowIfGreaterThan(byteCount, LargestByteCount, name);

    /// <summary>Throws unless <paramref name="length"/> elements from <paramref name="start"/> on end within <paramref name="available"/>.</summary>
    public static void ThrowIfOutside(long start, long length, long available)
    {
        if ((ulong)start > (ulong)available)
        {
            throw ThrowHelper.StartsOutside(nameof(start), start, available);
        }

        if ((ulong)length > (ulong)(available - start))
        {
            throw ThrowHelper.EndsOutside(nameof(length), start, length, available);
        }
    }

    /// <summary>Rounds <paramref name="value"/> up to a multiple of <paramref name="alignment"/>; false when that would wrap.</summary>
    public static bool TryRoundUp(nuint value, nuint alignment, out nuint rounded)
    {
        rounded = (value + (alignment - 1)) & ~(alignment - 1);
        return rounded >= value;
    }

    /// <summary>Adds two byte counts; false when the sum passes <see cref="LargestByteCount"/>.</summary>
    public static bool TryAdd(nuint left, nuint right, out nuint sum)
    {
        sum = left + right;
        return sum >= left && sum <= LargestByteCount;
    }

    private static ArgumentOutOfRangeException Outside(long length, int elementSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return new(
            nameof(length),
            length,
            $"{length:N0} elements of {elementSize:N0} bytes are more than {LargestByteCount:N0} bytes.");
    }
}
