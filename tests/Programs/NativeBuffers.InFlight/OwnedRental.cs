using System.Buffers;

namespace NativeBuffers.InFlight;

/// <summary>The memory of an owner, which is freed when it is given back.</summary>
internal sealed class OwnedRental : Rental
{
    private readonly NativeMemoryOwner<byte> _owner;

    public OwnedRental() => _owner = NativeMemoryOwner<byte>.Create(Length, Allocator);

    public override Memory<byte> Memory => _owner.Memory;

    public override bool IsGivenBack => Allocator.FreedBlocks == 1;

    public override IMemoryOwner<byte> Retain() => _owner.Retain();

    public override void GiveBack() => _owner.Dispose();

    public override void LetOthersIn()
    {
        // The allocator keeps freed blocks, and finds writes to them.
    }
}
