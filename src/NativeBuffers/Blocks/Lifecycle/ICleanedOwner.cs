namespace NativeBuffers.Blocks.Lifecycle;

/// <summary>An owner whose block a cleaner must not close by itself, because the owner's thread may be using it without an announcement.</summary>
internal interface ICleanedOwner
{
    /// <summary>Closes the block of an owner that was forgotten; false if this generation is over, or not this owner's.</summary>
    /// <param name="opened">The generation, in the state <see cref="SlotState.Open"/>.</param>
    bool TryCloseForgotten(Generation opened);
}
