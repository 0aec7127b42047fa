using System.Globalization;
using System.Text;

namespace OneBillionRows.Challenge;

/// <summary>The figures of one station, in tenths of a degree.</summary>
public readonly record struct StationSummary(long Count, long Sum, int Min, int Max)
{
    /// <summary>Both together.</summary>
    public StationSummary With(in StationSummary other) =>
        new(Count + other.Count, Sum + other.Sum, Math.Min(Min, other.Min), Math.Max(Max, other.Max));

    /// <summary>Appends <c>min/mean/max</c>.</summary>
    public void AppendTo(StringBuilder text)
    {
        AppendTenths(text, Min);
        AppendTenths(text.Append('/'), Mean);
        AppendTenths(text.Append('/'), Max);
    }

    // The challenge rounds as Java's Math.round: halves go up, towards positive infinity, so -0.25 is -0.2. That is
    // floor(sum / count + 1/2), here without a fraction. The division of integers cuts towards zero, hence the step down.
    private long Mean
    {
        get
        {
            (long quotient, long remainder) = Math.DivRem((2 * Sum) + Count, 2 * Count);
            return remainder < 0 ? quotient - 1 : quotient;
        }
    }

    // The sign is that of the rounded number, so there is no "-0.0".
    private static void AppendTenths(StringBuilder text, long tenths)
    {
        (long degrees, long tenth) = Math.DivRem(Math.Abs(tenths), 10);
        text.Append(CultureInfo.InvariantCulture, $"{(tenths < 0 ? "-" : "")}{degrees}.{tenth}");
    }
}
