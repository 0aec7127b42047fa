using System.Buffers.Binary;
using System.Text.Json;

namespace NativeBuffers.Samples;

/// <summary>A file of tensors (<c>.safetensors</c>) as mapped memory: the weights of a model, of which only those that are used are read.</summary>
/// <remarks>The file has the size of its header in 8 bytes, then the header in JSON, then the elements of all tensors.</remarks>
public sealed class SafeTensors : IDisposable
{
    private readonly MappedFile<byte> _data;
    private readonly Dictionary<string, Entry> _entries;

    private SafeTensors(MappedFile<byte> data, Dictionary<string, Entry> entries)
    {
        _data = data;
        _entries = entries;
    }

    /// <summary>The names of the tensors.</summary>
    public IReadOnlyCollection<string> Names => _entries.Keys;

    /// <summary>Maps a file to read it.</summary>
    /// <exception cref="EndOfStreamException">The file has fewer than 8 bytes.</exception>
    /// <exception cref="InvalidDataException">The header is wrong.</exception>
    public static SafeTensors OpenRead(string path)
    {
        const long Longest = 100_000_000;
        using FileStream file = File.OpenRead(path);
        Span<byte> start = stackalloc byte[8];
        file.ReadExactly(start);
        long headerByteCount = BinaryPrimitives.ReadInt64LittleEndian(start);
        if (headerByteCount is < 2 or > Longest || headerByteCount > file.Length - file.Position)
        {
            throw new InvalidDataException($"The header has {headerByteCount:N0} bytes, and the file {file.Length:N0}.");
        }

        byte[] header = new byte[headerByteCount];
        file.ReadExactly(header);
        long dataByteCount = file.Length - file.Position;
        Dictionary<string, Entry> entries;
        try
        {
            entries = Read(header, dataByteCount);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException
            or FormatException or OverflowException or IndexOutOfRangeException)
        {
            throw new InvalidDataException("The header does not describe tensors.", exception);
        }

        return new SafeTensors(MappedFile<byte>.OpenRead(path, 8 + headerByteCount, dataByteCount), entries);
    }

    /// <summary>The length of each dimension of a tensor.</summary>
    public IReadOnlyList<long> ShapeOf(string name) => _entries[name].Shape;

    /// <summary>Borrows the elements of all tensors. Take one of them with <see cref="Tensor{T}"/>.</summary>
    public ReadOnlyBorrow<byte> Borrow() => _data.BorrowReadOnly();

    /// <summary>The elements of one tensor.</summary>
    /// <param name="borrow">The result of <see cref="Borrow"/>: the tensor cannot leave its scope.</param>
    /// <param name="name">The name of the tensor.</param>
    /// <typeparam name="T">The type of the elements, which must be the file's.</typeparam>
    /// <exception cref="InvalidDataException">The elements have another type, do not fill the shape, or are not aligned.</exception>
    public ReadOnlyBorrow<T> Tensor<T>(in ReadOnlyBorrow<byte> borrow, string name)
        where T : unmanaged
    {
        Entry entry = _entries[name];
        if (entry.Type != TypeOf<T>())
        {
            throw new InvalidDataException($"{name} is {entry.Type}, and not {TypeOf<T>()}.");
        }

        try
        {
            ReadOnlyBorrow<T> elements = borrow.Cast<T>(entry.Offset, entry.ByteCount);
            return elements.Length == entry.Length
                ? elements
                : throw new InvalidDataException($"{name} has {elements.Length:N0} elements, and its shape has {entry.Length:N0}.");
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException($"{name} is no whole number of elements, or is not aligned for them.", exception);
        }
    }

    /// <summary>Unmaps the file.</summary>
    public void Dispose() => _data.Dispose();

    private static Dictionary<string, Entry> Read(byte[] header, long dataByteCount)
    {
        Dictionary<string, Entry> entries = [];
        using JsonDocument document = JsonDocument.Parse(header);
        foreach (JsonProperty tensor in document.RootElement.EnumerateObject().Where(static tensor => tensor.Name != "__metadata__"))
        {
            JsonElement offsets = tensor.Value.GetProperty("data_offsets");
            (long begin, long end) = (offsets[0].GetInt64(), offsets[1].GetInt64());
            if (begin < 0 || end < begin || end > dataByteCount || offsets.GetArrayLength() != 2)
            {
                throw new InvalidDataException($"{tensor.Name} is at {begin:N0} to {end:N0}, and the file has {dataByteCount:N0} bytes of elements.");
            }

            // A negative number is no UInt64.
            long[] shape = [.. tensor.Value.GetProperty("shape").EnumerateArray().Select(static length => checked((long)length.GetUInt64()))];
            long length = shape.Aggregate(1L, static (product, length) => checked(product * length));
            entries.Add(tensor.Name, new Entry(tensor.Value.GetProperty("dtype").GetString()!, shape, length, begin, end - begin));
        }

        // The format has no gaps and no overlaps.
        long last = 0;
        foreach ((string name, Entry entry) in entries.OrderBy(static each => each.Value.Offset).ThenBy(static each => each.Value.ByteCount))
        {
            if (entry.Offset != last)
            {
                throw new InvalidDataException($"{name} is at {entry.Offset:N0}, and the tensor before it ends at {last:N0}.");
            }

            last += entry.ByteCount;
        }

        return last == dataByteCount
            ? entries
            : throw new InvalidDataException($"The tensors have {last:N0} bytes, and the file has {dataByteCount:N0} bytes of elements.");
    }

    private static string TypeOf<T>() => Type.GetTypeCode(typeof(T)) switch
    {
        TypeCode.Byte => "U8",
        TypeCode.SByte => "I8",
        TypeCode.Int16 => "I16",
        TypeCode.UInt16 => "U16",
        TypeCode.Int32 => "I32",
        TypeCode.UInt32 => "U32",
        TypeCode.Int64 => "I64",
        TypeCode.UInt64 => "U64",
        TypeCode.Single => "F32",
        TypeCode.Double => "F64",
        _ when typeof(T) == typeof(Half) => "F16",
        _ => throw new NotSupportedException($"There are no tensors of {typeof(T).Name}."),
    };

    private sealed record Entry(string Type, IReadOnlyList<long> Shape, long Length, long Offset, long ByteCount);
}
