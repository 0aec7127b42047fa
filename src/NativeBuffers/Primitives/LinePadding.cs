namespace NativeBuffers.Primitives;

/// <summary>An unused field, for objects that each belong to one thread.</summary>
/// <remarks>
/// The collector moves such objects together. With the padding, the fields that they write are never in one cache line, nor in two
/// lines that the processor fetches as a pair.
/// </remarks>
[InlineArray(15)]
internal struct LinePadding
{
    private long _first;
}
