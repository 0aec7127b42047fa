using System.Text;
using NativeBuffers;

namespace OneBillionRows;

/// <summary>Writes the input: rows of a random station, its temperature normal around the station's mean.</summary>
internal static class Measurements
{
    /// <summary>Part of the cached file's name: raise it when the same seed would give other rows.</summary>
    public const int Version = 1;

    private const double StandardDeviation = 10;
    private const int PieceByteCount = 1 << 20;
    private const int LongestRowByteCount = 128;

    /// <summary>Writes this number of rows, and reports the number of written rows after each piece.</summary>
    public static void Write(Stream destination, long rowCount, ulong seed, Action<long> rowsDone, CancellationToken cancellation)
    {
        WeatherStation[] stations = WeatherStation.ReadAll();
        byte[][] names = [.. stations.Select(s => Encoding.UTF8.GetBytes(s.Name + ";"))];
        var random = new Gaussian(seed);
        using NativeBuffer<byte> piece = NativeBuffer.CreateUninitialized<byte>(PieceByteCount);
        int used = 0;
        for (long row = 0; row < rowCount; row++)
        {
            int station = random.NextInt(stations.Length);
            double degrees = stations[station].Mean + (StandardDeviation * random.NextNormal());
            names[station].CopyTo(piece.AsSpan(used));
            used += names[station].Length;
            used += WriteTenths(piece.AsSpan(used), Math.Clamp((int)Math.Round(degrees * 10), -999, 999));
            if (used < PieceByteCount - LongestRowByteCount)
                continue;

            destination.Write(piece.AsSpan(0, used));
            used = 0;
            rowsDone(row + 1);
            cancellation.ThrowIfCancellationRequested();
        }

        destination.Write(piece.AsSpan(0, used));
        rowsDone(rowCount);
    }

    private static int WriteTenths(Span<byte> destination, int tenths)
    {
        int length = 0;
        if (tenths < 0)
            destination[length++] = (byte)'-';
        int magnitude = Math.Abs(tenths);
        if (magnitude >= 100)
            destination[length++] = (byte)('0' + (magnitude / 100));
        destination[length++] = (byte)('0' + (magnitude / 10 % 10));
        destination[length++] = (byte)'.';
        destination[length++] = (byte)('0' + (magnitude % 10));
        destination[length++] = (byte)'\n';
        return length;
    }
}
