using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Samples;

/// <summary>A file of NumPy (<c>.npy</c>) as mapped memory: nothing is read before an element is used. It may have more than 2^31 elements.</summary>
/// <typeparam name="T">The type of the elements, which must be the file's.</typeparam>
[SuppressMessage("Design", "CA1000", Justification = "The type is named where the file is opened, as the field's type is.")]
public sealed class NpyFile<T> : IDisposable
    where T : unmanaged
{
    private readonly MappedFile<T> _elements;

    private NpyFile(MappedFile<T> elements, NpyHeader header)
    {
        _elements = elements;
        Header = header;
    }

    /// <summary>The shape and the type.</summary>
    public NpyHeader Header { get; }

    /// <summary>The type of the elements, as NumPy writes it.</summary>
    private static string NumpyType { get; } = Type.GetTypeCode(typeof(T)) switch
    {
        TypeCode.Byte => "|u1",
        TypeCode.SByte => "|i1",
        TypeCode.Int16 => "<i2",
        TypeCode.UInt16 => "<u2",
        TypeCode.Int32 => "<i4",
        TypeCode.UInt32 => "<u4",
        TypeCode.Int64 => "<i8",
        TypeCode.UInt64 => "<u8",
        TypeCode.Single => "<f4",
        TypeCode.Double => "<f8",
        _ when typeof(T) == typeof(Half) => "<f2",
        _ => throw new NotSupportedException($"NumPy has no {typeof(T).Name}."),
    };

    /// <summary>Maps a file to read it.</summary>
    /// <exception cref="EndOfStreamException">The file ends before its last element.</exception>
    /// <exception cref="InvalidDataException">The header is wrong, or the file has elements of another type.</exception>
    public static NpyFile<T> OpenRead(string path)
    {
        NpyHeader header;
        using (FileStream file = File.OpenRead(path))
        {
            header = NpyHeader.Read(file);
            if (header.Type != NumpyType)
            {
                throw new InvalidDataException($"The elements are {header.Type}, and not {NumpyType}.");
            }

            if (header.Length > (file.Length - header.ByteCount) / ByteCountOf())
            {
                throw new EndOfStreamException($"The file has {file.Length:N0} bytes, and its header speaks of {header.Length:N0} elements.");
            }
        }

        try
        {
            return new NpyFile<T>(MappedFile<T>.OpenRead(path, header.ByteCount, header.Length), header);
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException($"The elements begin at byte {header.ByteCount:N0}, where none can be used: copy the file.", exception);
        }
    }

    /// <summary>Makes a new file of zeros, and maps it to write it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A length is negative.</exception>
    /// <exception cref="OverflowException">There are more bytes than a file can have. An old file is unchanged.</exception>
    public static NpyFile<T> Create(string path, params long[] shape)
    {
        Array.ForEach(shape, static length => ArgumentOutOfRangeException.ThrowIfNegative(length));
        byte[] bytes = NpyHeader.Write(NumpyType, shape);
        var header = new NpyHeader(NumpyType, IsFortran: false, shape, bytes.Length);
        long byteCount = checked(bytes.Length + (header.Length * ByteCountOf()));
        using (FileStream file = File.Create(path))
        {
            file.Write(bytes);
            file.SetLength(byteCount);
        }

        return new NpyFile<T>(MappedFile<T>.Open(path, bytes.Length, header.Length), header);
    }

    /// <summary>Borrows the elements to write them.</summary>
    public Borrow<T> Borrow() => _elements.Borrow();

    /// <summary>Borrows the elements to read them.</summary>
    public ReadOnlyBorrow<T> BorrowReadOnly() => _elements.BorrowReadOnly();

    /// <summary>Unmaps the file.</summary>
    public void Dispose() => _elements.Dispose();

    /// <summary>The last character of NumPy's name of the type is its size in bytes.</summary>
    private static long ByteCountOf() => NumpyType[^1] - '0';
}
