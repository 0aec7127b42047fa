using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace NativeBuffers.Samples;

/// <summary>The header of a file of NumPy: the type of the elements, the order of the dimensions, and the shape.</summary>
/// <param name="Type">As NumPy writes it: <c>&lt;f4</c> is a float of 4 bytes, the lowest byte first.</param>
/// <param name="IsFortran">True if the first dimension is the one that changes fastest.</param>
/// <param name="Shape">The length of each dimension.</param>
/// <param name="ByteCount">The size of the header, in bytes: the elements begin there.</param>
public sealed partial record NpyHeader(string Type, bool IsFortran, IReadOnlyList<long> Shape, long ByteCount)
{
    private const int Alignment = 64;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>The number of elements.</summary>
    public long Length => Shape.Aggregate(1L, static (product, length) => checked(product * length));

    /// <summary>Reads the header of a file.</summary>
    /// <exception cref="EndOfStreamException">The header is longer than the file.</exception>
    /// <exception cref="InvalidDataException">It is not a file of NumPy, or the shape has more elements than a file can have.</exception>
    public static NpyHeader Read(Stream file)
    {
        Span<byte> start = stackalloc byte[12];
        file.ReadExactly(start[..10]);
        if (!start.StartsWith(Magic) || start[6] is < 1 or > 3)
        {
            throw new InvalidDataException("It is not a file of NumPy, or of a later version.");
        }

        // Version 1 has a length of two bytes, the later ones of four.
        int fixedByteCount = 10;
        int length = BinaryPrimitives.ReadUInt16LittleEndian(start[8..]);
        if (start[6] > 1)
        {
            file.ReadExactly(start[10..]);
            fixedByteCount = 12;
            length = BinaryPrimitives.ReadInt32LittleEndian(start[8..]);
        }

        const int Longest = 1 << 20;
        if (length is < 0 or > Longest)
        {
            throw new InvalidDataException($"The header has {length:N0} bytes.");
        }

        byte[] text = new byte[length];
        file.ReadExactly(text);
        Match match = Dictionary().Match(Encoding.UTF8.GetString(text));
        if (!match.Success)
        {
            throw new InvalidDataException("The header is not the dictionary of an array.");
        }

        string shape = match.Groups["shape"].Value;
        try
        {
            var header = new NpyHeader(
                match.Groups["type"].Value,
                match.Groups["fortran"].Value == "True",
                [
                    .. shape.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                        .Select(static number => long.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture)),
                ],
                fixedByteCount + length);
            _ = header.Length;
            return header;
        }
        catch (Exception exception) when (exception is FormatException or OverflowException)
        {
            throw new InvalidDataException($"The shape ({shape}) is not the lengths of dimensions, or has more elements than a file can have.", exception);
        }
    }

    /// <summary>The bytes of a header of version 1. Their number is a multiple of 64, so that the elements are aligned.</summary>
    public static byte[] Write(string type, IReadOnlyList<long> shape)
    {
        string dimensions = string.Concat(shape.Select(static length => string.Create(CultureInfo.InvariantCulture, $"{length},")));
        string text = $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({dimensions}), }}";
        int byteCount = (10 + text.Length + 1 + Alignment - 1) / Alignment * Alignment;
        byte[] header = new byte[byteCount];
        Magic.CopyTo(header);
        header[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), checked((ushort)(byteCount - 10)));
        header.AsSpan(10).Fill((byte)' ');
        _ = Encoding.ASCII.GetBytes(text, header.AsSpan(10));
        header[^1] = (byte)'\n';
        return header;
    }

    [GeneratedRegex(@"^\{\s*'descr':\s*'(?<type>[<>|=][a-zA-Z][0-9]+)',\s*'fortran_order':\s*(?<fortran>True|False),\s*'shape':\s*\((?<shape>[0-9,\s]*)\),?\s*\}\s*$")]
    private static partial Regex Dictionary();
}
