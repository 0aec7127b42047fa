namespace NativeBuffers.Primitives;

/// <summary>A field that nobody uses, in objects that each belong to one thread.</summary>
/// <remarks>
/// The collector moves such objects together. With this in each, no two share a cache line with what they write, nor two lines
/// that the processor fetches as a pair.
/// </remarks>
[InlineArray(15)]
internal struct LinePadding
{
    private long _first;
}
