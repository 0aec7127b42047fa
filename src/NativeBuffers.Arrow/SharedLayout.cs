using System.Buffers.Binary;
using Apache.Arrow;
using Apache.Arrow.Types;

namespace NativeBuffers.Arrow;

/// <summary>The places in a shared memory with record batches: a header, and a stream of Arrow's IPC format.</summary>
/// <remarks>
/// The stream is the message of the schema, and a message for each batch: two words, metadata, a body. The metadata gets its room before the
/// batch's arrays exist, because the format demands this order. The rest of the room is padding, which the format allows.
/// </remarks>
internal static class SharedLayout
{
    /// <summary>Where the stream begins, in bytes.</summary>
    public const int StreamStart = 64;

    /// <summary>The two words before metadata: a sign, and the size of the metadata in bytes.</summary>
    public const int PrefixSize = 2 * sizeof(int);

    /// <summary>Readers expect buffers at multiples of this.</summary>
    public const int BufferAlignment = 8;

    /// <summary>The first word of the memory.</summary>
    private const long Signature = 0x3130_776F_7272_414E; // "NArrow01"

    /// <summary>In bytes: 16 for the node, and 16 for each of at most 3 buffers.</summary>
    private const int MetadataOfField = 64;
    private const int MetadataOfBatch = 512;

    /// <summary>The next multiple of <see cref="ArrowBlock.Alignment"/>.</summary>
    public static int Align(int byteCount) => checked(byteCount + ArrowBlock.Alignment - 1) & -ArrowBlock.Alignment;

    /// <summary>The room for the metadata of a batch, in bytes, with the two words before it.</summary>
    /// <exception cref="NotSupportedException">The schema has a type whose metadata differs from batch to batch.</exception>
    public static int RoomForMetadata(Schema schema) =>
        Align(MetadataOfBatch + (schema.FieldsList.Sum(static field => FieldsOf(field.DataType)) * MetadataOfField));

    public static void Sign(Span<byte> memory) => BinaryPrimitives.WriteInt64LittleEndian(memory, Signature);

    public static bool IsSigned(ReadOnlySpan<byte> memory) => memory.Length > StreamStart && BinaryPrimitives.ReadInt64LittleEndian(memory) == Signature;

    /// <summary>The number of batches that are complete: the writing process adds 1 after it has written all of a batch.</summary>
    public static ref long BatchCount(Span<byte> memory) => ref MemoryMarshal.Cast<byte, long>(memory[..StreamStart])[1];

    /// <summary>The types of a schema's columns as text, with those inside them. Names do not matter.</summary>
    public static string TypesOf(Schema schema) => TypesOf(schema.FieldsList);

    /// <summary>The same of the arrays of a batch, whose schema may say something else.</summary>
    public static string TypesOf(RecordBatch batch) => string.Join(", ", batch.Arrays.Select(static array => NameOf(array.Data)));

    private static string TypesOf(IEnumerable<Field> fields) => string.Join(", ", fields.Select(static field => NameOf(field.DataType)));

    private static string NameOf(IArrowType type) => NameOf(type, StorageOf(type) is NestedType nested ? TypesOf(nested.Fields) : "");

    private static string NameOf(ArrayData data) =>
        NameOf(data.DataType, data.Children is { Length: > 0 } children ? string.Join(", ", children.Select(NameOf)) : "");

    /// <summary>A type with all that changes how its bytes are read.</summary>
    private static string NameOf(IArrowType type, string children)
    {
        string name = type switch
        {
            ExtensionType extension => $"{type.Name}[{NameOf(extension.StorageType, "")}]",
            FixedSizeListType list => $"{type.Name}[{list.ListSize}]",
            UnionType union => $"{type.Name}[{union.Mode}: {string.Join(", ", union.TypeIds)}]",
            Decimal32Type number => $"{type.Name}[{number.Precision}, {number.Scale}]",
            Decimal64Type number => $"{type.Name}[{number.Precision}, {number.Scale}]",
            Decimal128Type number => $"{type.Name}[{number.Precision}, {number.Scale}]",
            Decimal256Type number => $"{type.Name}[{number.Precision}, {number.Scale}]",
            FixedSizeBinaryType bytes => $"{type.Name}[{bytes.ByteWidth}]",
            TimeBasedType time => $"{type.Name}[{time.Unit}]",
            IntervalType interval => $"{type.Name}[{interval.Unit}]",
            _ => type.Name,
        };
        return children.Length == 0 ? name : $"{name}({children})";
    }

    /// <summary>The type of the bytes, which an extension gives a meaning.</summary>
    private static IArrowType StorageOf(IArrowType type) => type is ExtensionType extension ? StorageOf(extension.StorageType) : type;

    private static int FieldsOf(IArrowType type) => StorageOf(type) switch
    {
        DictionaryType or StringViewType or BinaryViewType => throw new NotSupportedException(
            $"A shared memory takes no columns of type {type.Name}: use strings, numbers, lists or structures of these."),
        NestedType nested => 1 + nested.Fields.Sum(static field => FieldsOf(field.DataType)),
        _ => 1,
    };
}
