using System.Globalization;

namespace NativeBuffers.Watching;

/// <summary>How far samples are apart on average: so many bytes, or so many blocks.</summary>
/// <remarks>
/// <para>By bytes, a large block is a sample more often than a small one: each byte is as likely as the next to be the one that makes its
/// block a sample. The distances are exponential, as tcmalloc and the runtime's allocation sampling have it. Such distances have no memory:
/// how far the last sample is away says nothing about the next. So each size class of each thread can count its own blocks, and all of them
/// together take samples as one count of bytes would.</para>
/// <para>By blocks, all are as likely, whatever their sizes.</para>
/// </remarks>
internal readonly record struct SampleDistance
{
    private SampleDistance(long length, bool isInBytes)
    {
        Length = length;
        IsInBytes = isInBytes;
    }

    /// <summary>Of buffers of 16 B to 16 KiB, as many small as large ones, one in 3,600 is a sample.</summary>
    public static SampleDistance Usual { get; } = new(8 * 1024 * 1024, isInBytes: true);

    /// <summary>In bytes or blocks.</summary>
    public long Length { get; }

    /// <summary>Whether <see cref="Length"/> counts bytes, and not blocks.</summary>
    public bool IsInBytes { get; }

    /// <summary>Reads <c>5000</c>, which are blocks, or <c>512k</c>, <c>2MiB</c>, <c>1g</c>, <c>65536b</c>, which are bytes.</summary>
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

    /// <summary>How many blocks of a size to count until one is a sample, that one included: random, at least 1.</summary>
    public int NextBlocks(nuint byteCount, Random random) => IsInBytes
        ? (int)double.Clamp(Math.Ceiling(NextBytes(random) / nuint.Max(byteCount, 1)), 1, int.MaxValue)
        : random.Next(1, (int)long.Min((2 * Length) - 1, int.MaxValue - 1) + 1);

    /// <summary>How many bytes to count until a block is a sample, which has the last of them: random.</summary>
    public double NextBytes(Random random) => -Math.Log(1 - random.NextDouble()) * Length;

    /// <summary>The unit's letter alone, or as in <c>KiB</c> and <c>KB</c>, which both count in 1,024s here.</summary>
    private static bool IsUnit(ReadOnlySpan<char> unit, char letter) =>
        unit.Length is 1 or 2 or 3
        && char.ToLowerInvariant(unit[0]) == letter
        && (unit.Length == 1 || unit[1..].Equals("b", StringComparison.OrdinalIgnoreCase) || unit[1..].Equals("ib", StringComparison.OrdinalIgnoreCase));
}
