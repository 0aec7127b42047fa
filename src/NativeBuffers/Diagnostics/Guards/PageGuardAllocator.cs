namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Blocks that end at pages that cannot be touched.</summary>
internal sealed class PageGuardAllocator : WrappingAllocator
{
    public PageGuardAllocator(NativeAllocator inner, bool isAmbient)
        : base("PageGuarded", inner, isAmbient) => TakesOrigins = true;
}
