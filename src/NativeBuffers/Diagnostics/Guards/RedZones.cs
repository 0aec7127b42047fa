using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The place of the user's bytes, and of the red zones around them, in a block of the inner allocator.</summary>
/// <param name="Front">The number of bytes before the user's bytes: padding, then the header, which ends with a red zone.</param>
/// <param name="Room">The number of bytes from the user's first byte on: the user's bytes, then the rear red zone.</param>
internal readonly record struct RedZones(nuint Front, nuint Room)
{
    /// <summary>The smallest rear red zone, in bytes.</summary>
    public const int RearByteCount = 64;

    /// <summary>The most bytes of padding that are filled and verified.</summary>
    private const int MostPadding = 4096;

    /// <summary>The size of the whole block in bytes.</summary>
    public nuint ByteCount => Front + Room;

    /// <summary>The number of bytes before the header that are filled and verified.</summary>
    public nuint Padding => nuint.Min(Front - CheckedHeader.ByteCount, MostPadding);

    /// <summary>The zones of small blocks of a size class.</summary>
    public static RedZones OfClass(int sizeClass) => new(CheckedHeader.ByteCount, RoomOf(sizeClass));

    /// <summary>The <see cref="Room"/> of small blocks of a size class.</summary>
    public static nuint RoomOf(int sizeClass) => SizeClasses.SizeOf(sizeClass) + RearByteCount;

    /// <summary>The zones of other blocks; false if the block would be too large.</summary>
    public static bool TryOf(nuint byteCount, nuint alignment, out RedZones zones)
    {
        nuint front = nuint.Max(alignment, CheckedHeader.ByteCount);
        bool fits = Layout.TryRoundUp(byteCount, CheckedHeader.ByteCount, out nuint rounded)
            && Layout.TryAdd(rounded, RearByteCount, out rounded)
            && Layout.TryAdd(rounded, front, out _);
        zones = new RedZones(front, rounded);
        return fits;
    }

    /// <summary>The zones of a block that was given out.</summary>
    /// <safety>The header is intact.</safety>
    public static unsafe RedZones Of(CheckedHeader* header)
    {
        if (header->IsSmall)
        {
            return OfClass(SizeClasses.Of(header->Length));
        }

        _ = TryOf(header->Length, header->Alignment, out RedZones zones);
        return zones;
    }
}
