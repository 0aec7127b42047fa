using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace NativeBuffers;

/// <summary>What <see cref="SafeNativeBuffer"/> keeps its callers and derived classes from doing to a handle.</summary>
/// <remarks>
/// A <see cref="SafeHandle"/> lets derived classes set any address, and callers end uses that they did not begin. These members
/// hide its own. .NET lets those be called through a variable of the base class all the same.
/// </remarks>
public abstract class SafeCountedBuffer : SafeBuffer
{
    private BegunUses _uses;

    private protected SafeCountedBuffer()
        : base(ownsHandle: true)
    {
    }

    /// <inheritdoc/>
    public sealed override bool IsInvalid => base.IsInvalid;

    /// <summary>The block's address.</summary>
    /// <remarks>Not the field of the base class, which derived classes could set.</remarks>
    [SuppressMessage("Style", "IDE1006", Justification = "It hides the field of that name.")]
    protected new nint handle => base.handle;

    /// <inheritdoc cref="SafeHandle.DangerousAddRef"/>
    public new void DangerousAddRef(ref bool success)
    {
        base.DangerousAddRef(ref success);
        _uses.Begin();
    }

    /// <summary>Ends a use that <see cref="DangerousAddRef"/> or <see cref="AcquirePointer"/> of this type began.</summary>
    /// <remarks>Call it through a variable of the type through which the use was begun: the base class counts all uses as one number.</remarks>
    /// <exception cref="InvalidOperationException">No such use goes on; nothing changed.</exception>
    public new void DangerousRelease()
    {
        EndUse();
        base.DangerousRelease();
    }

    /// <inheritdoc cref="SafeBuffer.AcquirePointer"/>
    /// <safety>Touch the block inside its bounds, and before <see cref="ReleasePointer"/>.</safety>
    [SuppressMessage("Naming", "CA1720", Justification = "The base class calls it so.")]
    public new unsafe void AcquirePointer(ref byte* pointer)
    {
        base.AcquirePointer(ref pointer);
        _uses.Begin();
    }

    /// <inheritdoc cref="DangerousRelease"/>
    public new void ReleasePointer()
    {
        EndUse();
        base.ReleasePointer();
    }

    /// <summary>Refused: it would free any address. Use <see cref="SafeNativeBuffer.SetBlock"/>.</summary>
    /// <param name="handle">Not used.</param>
    /// <exception cref="NotSupportedException">Always.</exception>
    [Obsolete("It would free any address: use AllocateBlock, TakeBlock, or the unsafe SetBlock.", error: true)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    protected new void SetHandle(nint handle) => throw new NotSupportedException("Use AllocateBlock, TakeBlock, or the unsafe SetBlock.");

    /// <summary>Gives the handle its block.</summary>
    /// <safety>The block is the handle's, whose free function frees it; the handle has none yet.</safety>
    private protected unsafe void SetAddress(void* block) => base.SetHandle((nint)block);

    private void EndUse()
    {
        if (!_uses.TryEnd())
        {
            throw new InvalidOperationException(
                $"{GetType().Name}: no use goes on that {nameof(DangerousAddRef)} or {nameof(AcquirePointer)} of this type began. End each use once.");
        }
    }
}
