namespace NativeBuffers.Tests.TestKit;

/// <summary>Skips a test that needs a process without guards or tracking where the process has them.</summary>
/// <remarks>
/// The whole suite runs in each mode, to see that no guard accuses a correct program. But a test that counts the blocks of caches,
/// or the requests to an allocator, would count the guard's own blocks. Call one of these at its start.
/// </remarks>
internal static class Needs
{
    /// <summary>The guard and the tracking of this process; empty if it has none.</summary>
    public static string Instrumentation { get; } = Mode("NATIVEBUFFERS_GUARD") + Mode("NATIVEBUFFERS_TRACK");

    /// <summary>The owners' blocks come from the caches, as soon as there are some.</summary>
    public static void Caches() => Assert.SkipWhen(Instrumentation.Length > 0, "Instrumented blocks do not come from the caches.");

    /// <summary>An allocator is asked for just the blocks, and the sizes, that its owners have.</summary>
    public static void BareBlocks() =>
        Assert.SkipWhen(Mode("NATIVEBUFFERS_GUARD").Length > 0, "A guard asks for larger blocks, resizes none in place, and keeps some.");

    private static string Mode(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } mode && !mode.Equals("off", StringComparison.OrdinalIgnoreCase) ? mode : "";
}
