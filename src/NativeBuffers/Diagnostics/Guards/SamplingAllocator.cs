namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Guards one of so many blocks by pages, and passes the others on.</summary>
internal sealed class SamplingAllocator : WrappingAllocator
{
    public SamplingAllocator(NativeAllocator inner, bool isAmbient)
        : base("Sampled", inner, isAmbient) => TakesOrigins = true;
}
