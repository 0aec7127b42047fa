using NativeBuffers.Platform;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Whether pages are guarded by the kernel's guard pages (Linux 6.13 and later) or by protection, which makes more mappings.</summary>
internal static class GuardPages
{
    /// <summary>The environment variable that turns the kernel's guard pages off if it is <c>protected</c>, for example in tests.</summary>
    public const string Variable = "NATIVEBUFFERS_GUARD_PAGES";

    /// <summary>Whether guard pages are used. The system is asked once.</summary>
    public static bool AreThere { get; } =
        Environment.GetEnvironmentVariable(Variable) != "protected" && Host.Memory.HasGuardPages;
}
