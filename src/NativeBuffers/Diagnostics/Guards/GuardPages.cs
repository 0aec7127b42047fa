using NativeBuffers.Os;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Whether pages are guarded by the kernel's guard pages, of Linux 6.13 and later, or by protection, which is a mapping for each change.</summary>
internal static class GuardPages
{
    /// <summary>The environment variable that is <c>protected</c> for a process that does without the kernel's: tests run so.</summary>
    public const string Variable = "NATIVEBUFFERS_GUARD_PAGES";

    /// <summary>Looked at once.</summary>
    public static bool AreThere { get; } =
        Environment.GetEnvironmentVariable(Variable) != "protected" && SystemMemory.Current.HasGuardPages;
}
