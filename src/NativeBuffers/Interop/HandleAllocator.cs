using NativeBuffers.Primitives;

namespace NativeBuffers.Interop;

/// <summary>Frees the block of a handle that became an owner while native calls still used it.</summary>
/// <remarks>
/// There is one for each such block. Two claims keep the block: the owner's, and one for all calls in flight, which the handle counts. The
/// claim that ends last frees the block. All other blocks belong to the handle's allocator, so the owner resizes as usual. Growth out of
/// the shared block copies, because the calls in flight still use that block.
/// </remarks>
/// <param name="allocator">Frees the block in the end, and serves all other requests.</param>
/// <param name="block">The handle's block.</param>
/// <param name="handle">The name of the handle's type.</param>
internal sealed class HandleAllocator(NativeAllocator allocator, Block block, string handle) : NativeAllocator(handle)
{
    private int _claims = 2;

    // After the owner gave the shared block up, another block may get the same address.
    private bool _isGivenUp;

    /// <summary>The block that the owner and the calls share.</summary>
    public Block Block => block;

    /// <summary>True while calls are in flight. False stays false.</summary>
    public bool IsInUse => Volatile.Read(ref _claims) == 2;

    /// <inheritdoc/>
    public override string ToString() => $"{allocator} (in use through a {Name})";

    /// <summary>Ends the claim of the calls: the last one has returned.</summary>
    public void EndUses() => EndClaim();

    /// <inheritdoc/>
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) => allocator.Obtain(byteCount, alignment, zeroed);

    /// <inheritdoc/>
    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        IsShared(block)
            ? base.ResizeCore(block, oldByteCount, newByteCount, alignment)
            : allocator.TryResize(block, oldByteCount, newByteCount, alignment, zeroed: true);

    /// <inheritdoc/>
    protected override unsafe void* ResizeUninitializedCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        IsShared(block)
            ? base.ResizeUninitializedCore(block, oldByteCount, newByteCount, alignment)
            : allocator.TryResize(block, oldByteCount, newByteCount, alignment, zeroed: false);

    /// <inheritdoc/>
    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        if (!IsShared(block))
        {
            allocator.GiveBack(block, byteCount, alignment);
            return;
        }

        _isGivenUp = true;
        EndClaim();
    }

    /// <safety>The address is compared, not followed.</safety>
    private unsafe bool IsShared(void* start) => start == block.Start && !_isGivenUp;

    private void EndClaim()
    {
        if (Interlocked.Decrement(ref _claims) == 0)
        {
            unsafe
            {
                // SAFETY: the block is allocated, with this byte count. Both claims have ended, so no other code uses or frees it.
                allocator.GiveBack(block.Start, block.ByteCount, Layout.DefaultAlignment);
            }
        }
    }
}
