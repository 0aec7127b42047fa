namespace NativeBuffers.Instrumentation;

/// <summary>The average distance of samples, in bytes or in blocks.</summary>
/// <remarks>
/// <para>By bytes, a large block is a sample more often than a small one: all bytes are equally likely to make their block a sample. The distances
/// are exponential, as in tcmalloc and in the runtime's allocation sampling. Such distances have no memory: how far the last
/// sample is away says nothing about the next. So each size class of each thread can count its own blocks, and together they take
/// samples as one count of bytes would.</para>
/// <para>By blocks, all blocks are equally likely, whatever their sizes.</para>
/// </remarks>
internal readonly record struct SampleDistance
{
    private SampleDistance(long length, bool isInBytes)
    {
        Length = length;
        IsInBytes = isInBytes;
    }

    /// <summary>The distance without a setting. If all sizes from 16 B to 16 KiB are equally frequent, one buffer in 3,600 is a sample.</summary>
    public static SampleDistance Usual { get; } = new(8 * 1024 * 1024, isInBytes: true);

    /// <summary>In bytes or blocks.</summary>
    public long Length { get; }

    /// <summary>Whether <see cref="Length"/> counts bytes, and not blocks.</summary>
    public bool IsInBytes { get; }

    /// <summary>Reads a number of blocks (<c>5000</c>) or of bytes (<c>512k</c>, <c>2MiB</c>, <c>1g</c>, <c>65536b</c>).</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out SampleDistance distance)
    {
        int digitCount = text.IndexOfAnyExceptInRange('0', '9');
        ReadOnlySpan<char> unit = digitCount < 0 ? [] : text[digitCount..];
        int shift = unit switch
        {
            _ when IsUnit(unit, 'k') => 10,
            _ when IsUnit(unit, 'm') => 20,
            _ when IsUnit(unit, 'g') => 30,
            _ when unit.IsEmpty || unit.Equals("b", StringComparison.OrdinalIgnoreCase) => 0,
            _ => -1,
        };
        bool isRead = long.TryParse(digitCount < 0 ? text : text[..digitCount], NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            && shift >= 0 && number > 0 && number <= long.MaxValue >> shift
            && (!unit.IsEmpty || number <= int.MaxValue);
        distance = isRead ? new(number << shift, !unit.IsEmpty) : default;
        return isRead;
    }

    /// <summary>A random number of blocks of a size to count; the last of them is a sample. At least 1.</summary>
    public int NextBlocks(nuint byteCount, Random random) => IsInBytes
        ? (int)double.Clamp(Math.Ceiling(NextBytes(random) / nuint.Max(byteCount, 1)), 1, int.MaxValue)
        : random.Next(1, (int)long.Min((2 * Length) - 1, int.MaxValue - 1) + 1);

    /// <summary>A random number of bytes to count; the block with the last of them is a sample.</summary>
    public double NextBytes(Random random) => -Math.Log(1 - random.NextDouble()) * Length;

    /// <summary>Whether a unit is this letter alone, or with <c>iB</c> or <c>B</c>. All three count in 1,024s.</summary>
    private static bool IsUnit(ReadOnlySpan<char> unit, char letter) =>
        unit.Length is 1 or 2 or 3
        && char.ToLowerInvariant(unit[0]) == letter
        && (unit.Length == 1 || unit[1..].Equals("b", StringComparison.OrdinalIgnoreCase) || unit[1..].Equals("ib", StringComparison.OrdinalIgnoreCase));
}
