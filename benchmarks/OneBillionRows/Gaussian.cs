namespace OneBillionRows;

/// <summary>Pseudo-random numbers that are the same in every version of .NET: SplitMix64, and Marsaglia's polar method.</summary>
internal sealed class Gaussian(ulong seed)
{
    private ulong _state = seed;
    private double _spare = double.NaN;

    /// <summary>A number from 0 to below <paramref name="exclusiveEnd"/>.</summary>
    public int NextInt(int exclusiveEnd) => (int)(((NextBits() >> 32) * (ulong)exclusiveEnd) >> 32);

    /// <summary>A number of the normal distribution with mean 0 and standard deviation 1.</summary>
    public double NextNormal()
    {
        if (!double.IsNaN(_spare))
        {
            double spare = _spare;
            _spare = double.NaN;
            return spare;
        }

        while (true)
        {
            double x = NextSigned(), y = NextSigned();
            double squared = (x * x) + (y * y);
            if (squared is >= 1 or 0)
                continue;
            double scale = Math.Sqrt(-2 * Math.Log(squared) / squared);
            _spare = y * scale;
            return x * scale;
        }
    }

    private double NextSigned() => ((NextBits() >> 11) * (2.0 / (1UL << 53))) - 1;

    private ulong NextBits()
    {
        ulong z = _state += 0x9E37_79B9_7F4A_7C15;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }
}
