namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>The calls that led to an allocation, from the one that asked for it outwards.</summary>
/// <param name="Frames">The methods, without this library's own.</param>
/// <param name="Site">Where the first of them is.</param>
internal sealed record CallStack(IReadOnlyList<string> Frames, Site Site)
{
    /// <summary>Of no calls.</summary>
    public static CallStack None { get; } = new([], Site.Unknown);
}
