namespace NativeBuffers.Blocks.Cache.Heaps;

/// <summary>The close of a block that may have users on other threads: new uses are refused, and the block is not given back yet.</summary>
/// <safety>Slots and bins are never unmapped.</safety>
internal struct PendingClose
{
    /// <summary>The slot, which was moved to <see cref="Closing"/> by an atomic operation.</summary>
    public unsafe Slot* Slot;

    /// <summary>Its generation.</summary>
    public Generation Closing;

    /// <summary>Its home in that generation.</summary>
    public unsafe Bin* Home;
}
