namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Red zones, fills and a quarantine around blocks of another allocator.</summary>
internal sealed class CheckedAllocator : WrappingAllocator
{
    public CheckedAllocator(NativeAllocator inner, bool isAmbient)
        : base("Checked", inner, isAmbient) => TakesOrigins = true;
}
