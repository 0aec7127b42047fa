using System.Globalization;

namespace Programs.Rows;

/// <summary>The answer of a program over rows.</summary>
internal struct Tally
{
    private const uint FnvOffset = 2_166_136_261;
    private const uint FnvPrime = 16_777_619;

    private int _rows;
    private long _cents;
    private long _revenue;
    private int _above;
    private uint _checksum = FnvOffset;

    public Tally()
    {
    }

    /// <summary>Counts a row, in the first pass.</summary>
    public void Count(int cents, int quantity)
    {
        _rows++;
        _cents += cents;
        _revenue += (long)cents * quantity;
    }

    /// <summary>Whether a price is above the mean.</summary>
    public readonly bool IsAbove(int cents) => (long)cents * _rows > _cents;

    /// <summary>Notes a row above the mean, in the second pass.</summary>
    public void Note(scoped ReadOnlySpan<byte> name)
    {
        _above++;
        foreach (byte each in name)
        {
            _checksum = (_checksum ^ each) * FnvPrime;
        }
    }

    /// <inheritdoc/>
    public override readonly string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{_rows} rows, {_revenue} cents, {_above} rows above the mean, checksum {_checksum:x8}");
}
