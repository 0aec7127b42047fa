using NativeBuffers.Blocks.Handles;
using NativeBuffers.Primitives;

namespace NativeBuffers.Buffers;

/// <summary>Moves the block of an owner to a new owner.</summary>
internal static class OwnerMove
{
    /// <summary>An owner with the block of another one, which loses it; null if that was disposed.</summary>
    /// <inheritdoc cref="ExclusiveUse.TryMove(ref OwnedBlock, out OwnedBlock)" path="/exception"/>
    public static NativeMemoryOwner<T>? TryMove<T>(NativeMemoryOwner<T> owner)
        where T : unmanaged
    {
        unsafe
        {
            // SAFETY: the new owner gets the block of the old one, with its length, and the old one loses it.
            var moved = new NativeMemoryOwner<T>(default, owner.HasArrays);
            bool isOpen = owner.Owned.TryMove(out moved.Owned);
            GC.KeepAlive(owner);
            return isOpen ? moved : null;
        }
    }

    /// <summary>An owner that sees the block of another one as elements of another type; null if that was disposed.</summary>
    /// <inheritdoc cref="ExclusiveUse.TryMoveAs(ref OwnedBlock, int, int, int, out OwnedBlock)" path="/exception"/>
    /// <exception cref="NotSupportedException">Some bit pattern is no value of one of the types.</exception>
    public static NativeMemoryOwner<TTo>? TryMoveAs<T, TTo>(NativeMemoryOwner<T> owner)
        where T : unmanaged
        where TTo : unmanaged
    {
        BitPattern<T>.ThrowIfRestricted();
        BitPattern<TTo>.ThrowIfRestricted();
        unsafe
        {
            // SAFETY: as above. The length is that of the same bytes in elements of the new type, and each bit pattern is a value of the type.
            var moved = new NativeMemoryOwner<TTo>(default, owner.HasArrays);
            bool isOpen = owner.Owned.TryMoveAs(sizeof(T), sizeof(TTo), (int)AlignmentOf<TTo>.Value, out moved.Owned);
            GC.KeepAlive(owner);
            return isOpen ? moved : null;
        }
    }
}
