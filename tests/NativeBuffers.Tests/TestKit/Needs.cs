namespace NativeBuffers.Tests.TestKit;

/// <summary>Skips a test that needs a process without guards or tracking where the process has them.</summary>
/// <remarks>
/// The whole suite runs in each mode, to see that no guard accuses a correct program. But a test that counts what caches hold,
/// or what an allocator was asked for, would count the guard's own blocks. Call one of these at its start.
/// </remarks>
internal static class Needs
{
    /// <summary>How this process watches its blocks; empty if it does not.</summary>
    public static string Watched { get; } = Mode("NATIVEBUFFERS_GUARD") + Mode("NATIVEBUFFERS_TRACK");

    /// <summary>The owners' blocks come from the caches, as soon as there are some.</summary>
    public static void Caches() => Assert.SkipWhen(Watched.Length > 0, "Watched blocks do not come from the caches.");

    /// <summary>An allocator is asked for just the blocks, and the sizes, that its owners have.</summary>
    public static void BareBlocks() =>
        Assert.SkipWhen(Mode("NATIVEBUFFERS_GUARD").Length > 0, "A guard asks for larger blocks, resizes none in place, and keeps some.");

    private static string Mode(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } mode && !mode.Equals("off", StringComparison.OrdinalIgnoreCase) ? mode : "";
}
