namespace NativeBuffers.Tests.CodeGen;

/// <summary>A way to have the just-in-time compiler optimise fully.</summary>
/// <param name="Name">For messages.</param>
/// <param name="Tier">The name of the final code in listings.</param>
/// <param name="Variable">The environment variable that selects it, as <c>NAME=value</c>.</param>
internal sealed record JitMode(string Name, string Tier, string Variable)
{
    /// <summary>The code that users get: made after thirty calls, with the profile of those calls.</summary>
    public static JitMode Profiled { get; } = new("profiled", "Tier1", "DOTNET_TieredPGO=1");

    /// <summary>As <see cref="Profiled"/>, but nothing was counted, and so nothing is known to be cold.</summary>
    public static JitMode Unprofiled { get; } = new("unprofiled", "Tier1", "DOTNET_TieredPGO=0");

    /// <summary>All at the first call, when statics are not known to be initialised yet; nearest to code compiled ahead of time.</summary>
    public static JitMode FirstCall { get; } = new("first call", "FullOpts", "DOTNET_TieredCompilation=0");

    /// <summary>As <see cref="Profiled"/>, for a processor without registers of 32 bytes: as Arm64's are, and most x64 code compiled ahead of time.</summary>
    public static JitMode Narrow { get; } = new("narrow registers", "Tier1", "DOTNET_EnableAVX=0");

    public override string ToString() => Name;
}
