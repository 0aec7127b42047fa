using NativeBuffers.Allocation;

namespace NativeBuffers;

/// <summary>The part of <see cref="SafeNativeBuffer"/> that protects a handle from its callers and derived classes.</summary>
/// <remarks>
/// A <see cref="SafeHandle"/> lets derived classes set any address, and lets callers end uses that they did not begin. The members here
/// hide those of <see cref="SafeHandle"/>. But .NET still lets these be called through a variable of the base class.
/// </remarks>
public abstract class SafeCountedBuffer : SafeBuffer
{
    // The uses that callers began through this type and have not ended. The base class has one count for these and for native calls in
    // flight: one release too many would end the use of such a call, and free the block in the middle of the call.
    private long _useCount;

    private protected SafeCountedBuffer()
        : base(ownsHandle: true)
    {
    }

    /// <summary>True if the handle has no block: null, or an error number (-4095 to -1), which some system functions return as an address.</summary>
    public sealed override bool IsInvalid => base.IsInvalid || ReturnedBlock.IsErrorNumber(base.handle);

    /// <summary>The block's address.</summary>
    /// <remarks>Read-only. It hides the field of the base class, which derived classes could set.</remarks>
    [SuppressMessage("Style", "IDE1006", Justification = "It hides the field of this name.")]
    protected new nint handle => base.handle;

    /// <inheritdoc cref="SafeHandle.DangerousAddRef"/>
    public new void DangerousAddRef(ref bool success)
    {
        base.DangerousAddRef(ref success);
        _ = Interlocked.Increment(ref _useCount);
    }

    /// <summary>Ends a use that <see cref="DangerousAddRef"/> or <see cref="AcquirePointer"/> of this type began.</summary>
    /// <remarks>Call it through a variable of the type through which the use was begun: the base class counts all uses as one number.</remarks>
    /// <exception cref="InvalidOperationException">No such use is open; nothing changed.</exception>
    public new void DangerousRelease()
    {
        EndUse();
        base.DangerousRelease();
    }

    /// <inheritdoc cref="SafeBuffer.AcquirePointer"/>
    /// <remarks>
    /// Safety: use <paramref name="pointer"/> only inside the block's <see cref="SafeBuffer.ByteLength"/>, and before
    /// <see cref="ReleasePointer"/>.
    /// </remarks>
    /// <safety>The remarks have the contract.</safety>
    [SuppressMessage("Naming", "CA1720", Justification = "The base class has this name.")]
    public new unsafe void AcquirePointer(ref byte* pointer)
    {
        base.AcquirePointer(ref pointer);
        _ = Interlocked.Increment(ref _useCount);
    }

    /// <inheritdoc cref="DangerousRelease"/>
    public new void ReleasePointer()
    {
        EndUse();
        base.ReleasePointer();
    }

    /// <summary>Always throws: the handle would free any address. Use <see cref="SafeNativeBuffer.SetBlock"/>.</summary>
    /// <param name="handle">Not used.</param>
    /// <exception cref="NotSupportedException">Always.</exception>
    [Obsolete("The handle would free any address: use AllocateBlock, TakeBlock, or the unsafe SetBlock.", error: true)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    protected new void SetHandle(nint handle) =>
        throw new NotSupportedException(
            "SetHandle is not supported, because the handle would free any address. Use AllocateBlock, TakeBlock, or the unsafe SetBlock.");

    /// <summary>Gives the handle its block.</summary>
    /// <safety>The block lives until this handle's free function frees it. The handle has no block yet.</safety>
    private protected unsafe void SetAddress(void* block) => base.SetHandle((nint)block);

    private void EndUse()
    {
        long count;
        do
        {
            count = Volatile.Read(ref _useCount);
            if (count <= 0)
            {
                throw new InvalidOperationException(
                    $"{GetType().Name}: no use is left to end. End each use that {nameof(DangerousAddRef)} or {nameof(AcquirePointer)} of this type began exactly once.");
            }
        }
        while (Interlocked.CompareExchange(ref _useCount, count - 1, count) != count);
    }
}
