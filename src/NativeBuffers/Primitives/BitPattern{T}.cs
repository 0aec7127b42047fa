using System.Reflection;

namespace NativeBuffers.Primitives;

/// <summary>Whether every bit pattern is a value of a type that has no padding, so that bytes from anywhere may be seen as that type.</summary>
/// <remarks>
/// Numbers, <see cref="char"/> and enumerations are such types, and structs of such fields without a gap or an overlap. Of the platform's
/// own structs only those count whose fields have no rules: <see cref="DateTime"/>, for example, has some. The fields of a type are read
/// once. A field that a trimmer removed leaves a gap, and then the type is refused.
/// </remarks>
[UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "A field that was trimmed leaves a gap: the type is refused, and never wrongly accepted.")]
internal static class BitPattern<T>
    where T : unmanaged
{
    /// <summary>The size of a field that has rules; also a multiple of it is negative.</summary>
    private const long Restricted = int.MinValue;

    // At the first use of each type.
    private static readonly bool s_isAny = ByteCountOf(typeof(T)) == Unsafe.SizeOf<T>();

    /// <summary>Throws if some bit pattern is no value of the type.</summary>
    /// <exception cref="NotSupportedException">Some bit pattern is no value of the type.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ThrowIfRestricted()
    {
        if (!s_isAny)
        {
            throw ThrowHelper.Restricted(typeof(T));
        }
    }

    /// <summary>The size of all fields, in bytes; negative if a field has values that are not any bit pattern.</summary>
    private static long ByteCountOf(Type type)
    {
        if (type.IsEnum)
        {
            return ByteCountOf(Enum.GetUnderlyingType(type));
        }

        if (type.IsPrimitive)
        {
            return Type.GetTypeCode(type) switch
            {
                TypeCode.Byte or TypeCode.SByte => 1,
                TypeCode.Int16 or TypeCode.UInt16 or TypeCode.Char => 2,
                TypeCode.Int32 or TypeCode.UInt32 or TypeCode.Single => 4,
                TypeCode.Int64 or TypeCode.UInt64 or TypeCode.Double => 8,
                TypeCode.Boolean => Restricted,
                _ => IntPtr.Size,
            };
        }

        if (!type.IsValueType || type.IsAutoLayout || (type.Assembly == typeof(object).Assembly && !HasPlainFields(type)))
        {
            return Restricted;
        }

        long sum = 0;
        foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
                     .OrderBy(static field => field.GetCustomAttribute<FieldOffsetAttribute>()?.Value))
        {
            FixedBufferAttribute? buffer = field.GetCustomAttribute<FixedBufferAttribute>();
            long byteCount = ByteCountOf(buffer?.ElementType ?? field.FieldType) * (buffer?.Length ?? 1);
            if (byteCount < 0 || IsElsewhere(field, sum))
            {
                return Restricted;
            }

            sum += byteCount;
        }

        return sum * (type.GetCustomAttribute<InlineArrayAttribute>()?.Length ?? 1);
    }

    /// <summary>Whether the program has placed a field, and it does not begin where those before it end: there is a gap or an overlap.</summary>
    private static bool IsElsewhere(FieldInfo field, long end) => field.GetCustomAttribute<FieldOffsetAttribute>() is { } place && place.Value != end;

    private static bool HasPlainFields(Type type) =>
        type.Namespace is "System.Numerics" or "System.Runtime.Intrinsics"
        || type == typeof(Guid) || type == typeof(Half) || type == typeof(Int128) || type == typeof(UInt128) || type == typeof(TimeSpan);
}
