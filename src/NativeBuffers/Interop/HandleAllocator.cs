using NativeBuffers.Primitives;

namespace NativeBuffers.Interop;

/// <summary>Frees the block of a handle that became an owner while native calls still used it.</summary>
/// <remarks>
/// There is one for each such block. Two claims keep the block: the owner's, and that of the calls in flight together,
/// which the handle counts. Whichever ends last frees it. All other blocks are the handle's allocator's own, so that the
/// owner resizes as usual; growth out of the shared block copies, for the calls in flight may not lose it.
/// </remarks>
internal sealed class HandleAllocator : NativeAllocator
{
    private readonly NativeAllocator _allocator;
    private int _claims = 2;

    // Addresses come back: once the owner gave the shared block up, a block at its address is another one.
    private bool _isGivenUp;

    /// <param name="allocator">Frees the block in the end, and serves all else.</param>
    /// <param name="block">The handle's block.</param>
    /// <param name="handle">The name of the handle's type.</param>
    public HandleAllocator(NativeAllocator allocator, Block block, string handle)
        : base(handle)
    {
        _allocator = allocator;
        Block = block;
    }

    /// <summary>The block that owner and calls share.</summary>
    public Block Block { get; }

    /// <summary>Whether calls are still in flight. False stays false.</summary>
    public bool IsInUse => Volatile.Read(ref _claims) == 2;

    /// <inheritdoc/>
    public override string ToString() => $"{_allocator} (in use through a {Name})";

    /// <summary>The last call in flight has returned.</summary>
    public void EndUses() => EndClaim();

    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) =>
        _allocator.Obtain(byteCount, alignment, zeroed);

    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        IsShared(block)
            ? base.ResizeCore(block, oldByteCount, newByteCount, alignment)
            : _allocator.TryResize(block, oldByteCount, newByteCount, alignment, zeroed: true);

    protected override unsafe void* ResizeUninitializedCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        IsShared(block)
            ? base.ResizeUninitializedCore(block, oldByteCount, newByteCount, alignment)
            : _allocator.TryResize(block, oldByteCount, newByteCount, alignment, zeroed: false);

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        if (IsShared(block))
        {
            _isGivenUp = true;
            EndClaim();
        }
        else
        {
            _allocator.GiveBack(block, byteCount, alignment);
        }
    }

    private unsafe bool IsShared(void* block) => block == Block.Start && !_isGivenUp;

    private void EndClaim()
    {
        if (Interlocked.Decrement(ref _claims) == 0)
        {
            unsafe
            {
                // SAFETY: both claims have ended, so nobody uses the block any more, and nobody else frees it.
                _allocator.GiveBack(Block.Start, Block.ByteCount, Layout.DefaultAlignment);
            }
        }
    }
}
