using NativeBuffers.Blocks.Cache;
using NativeBuffers.Blocks.Stats;

namespace NativeBuffers.Diagnostics.Metrics;

/// <summary>The tags of measurements by size class.</summary>
internal static class SizeClassTags
{
    private static readonly KeyValuePair<string, object?>[] s_all = [.. Enumerable.Range(0, LoanClasses.Count).Select(Make)];

    /// <summary>The tag of a class: the byte count of its blocks; <c>large</c>, <c>other</c>.</summary>
    public static KeyValuePair<string, object?> Of(int loanClass) => s_all[loanClass];

    private static KeyValuePair<string, object?> Make(int loanClass) => new("nativebuffers.size_class", loanClass switch
    {
        LoanClasses.Large => "large",
        LoanClasses.Foreign => "other",
        _ => ((long)SizeClasses.SizeOf(loanClass)).ToString(CultureInfo.InvariantCulture),
    });
}
