namespace NativeBuffers.Blocks.Cache;

/// <summary>Something that keeps memory for later, and can do without.</summary>
internal interface ITrimmable
{
    /// <summary>Gives back what was not used since the last full collection, or everything when memory is short.</summary>
    void AfterFullCollection(bool isMemoryShort);
}
