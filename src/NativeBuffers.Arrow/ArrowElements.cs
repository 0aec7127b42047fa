using Apache.Arrow.Types;

namespace NativeBuffers.Arrow;

/// <summary>The Arrow types whose elements are numbers of .NET.</summary>
internal static class ArrowElements
{
    /// <summary>The Arrow type of a number.</summary>
    /// <exception cref="NotSupportedException">There is none.</exception>
    public static IArrowType TypeOf<T>()
        where T : unmanaged => default(T) switch
        {
            sbyte => Int8Type.Default,
            byte => UInt8Type.Default,
            short => Int16Type.Default,
            ushort => UInt16Type.Default,
            int => Int32Type.Default,
            uint => UInt32Type.Default,
            long => Int64Type.Default,
            ulong => UInt64Type.Default,
            Half => HalfFloatType.Default,
            float => FloatType.Default,
            double => DoubleType.Default,
            _ => throw new NotSupportedException($"Arrow has no number that is a {typeof(T).Name}: use an integer, Half, float or double."),
        };

    /// <summary>Whether the elements of an array of this type are numbers of type <typeparamref name="T"/>.</summary>
    /// <exception cref="NotSupportedException">Arrow has no number of this type.</exception>
    public static bool Holds<T>(IArrowType type)
        where T : unmanaged => type.TypeId == TypeOf<T>().TypeId || type.TypeId switch
        {
            ArrowTypeId.Date32 or ArrowTypeId.Time32 => typeof(T) == typeof(int),
            ArrowTypeId.Date64 or ArrowTypeId.Time64 or ArrowTypeId.Timestamp or ArrowTypeId.Duration => typeof(T) == typeof(long),
            _ => false,
        };
}
