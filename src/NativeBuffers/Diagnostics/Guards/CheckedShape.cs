using NativeBuffers.Blocks.Cache;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Where the parts of a checked block lie in what the inner allocator gave.</summary>
/// <param name="Front">How many bytes lie before the user's: padding, header, red zone.</param>
/// <param name="Room">How many bytes there are from the user's first on: theirs, and the red zone behind.</param>
internal readonly record struct CheckedShape(nuint Front, nuint Room)
{
    /// <summary>The least that lies behind the user's bytes.</summary>
    public const int RearByteCount = 64;

    /// <summary>So much padding is looked at, if there is so much.</summary>
    private const int MostPadding = 4096;

    /// <summary>All of it, in bytes.</summary>
    public nuint ByteCount => Front + Room;

    /// <summary>How many bytes before the header are filled.</summary>
    public nuint Padding => nuint.Min(Front - CheckedHeader.ByteCount, MostPadding);

    /// <summary>That of blocks in rings.</summary>
    public static CheckedShape OfClass(int sizeClass) => new(CheckedHeader.ByteCount, RoomOf(sizeClass));

    /// <summary>The room of blocks in rings.</summary>
    public static nuint RoomOf(int sizeClass) => SizeClasses.SizeOf(sizeClass) + RearByteCount;

    /// <summary>That of other blocks; false when there can be none.</summary>
    public static bool TryOf(nuint byteCount, nuint alignment, out CheckedShape shape)
    {
        nuint front = nuint.Max(alignment, CheckedHeader.ByteCount);
        bool fits = Layout.TryRoundUp(byteCount, CheckedHeader.ByteCount, out nuint rounded)
            && Layout.TryAdd(rounded, RearByteCount, out rounded)
            && Layout.TryAdd(rounded, front, out _);
        shape = new CheckedShape(front, rounded);
        return fits;
    }

    /// <summary>That of a block with a header that is known to be intact.</summary>
    /// <safety>The header can be read.</safety>
    public static unsafe CheckedShape Of(CheckedHeader* header)
    {
        if (header->IsRinged)
        {
            return OfClass(SizeClasses.Of(header->Length));
        }

        _ = TryOf(header->Length, header->Alignment, out CheckedShape shape);
        return shape;
    }
}
