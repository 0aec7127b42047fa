using NativeBuffers.Platform.Linux;
using NativeBuffers.Platform.MacOS;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Platform.Windows;

namespace NativeBuffers.Platform;

/// <summary>The services of the operating system that this process runs on.</summary>
/// <exception cref="PlatformNotSupportedException">The library does not support this system. Each property throws it.</exception>
internal static class Host
{
    private static readonly SystemMemory? s_memory = ThisSystem.Choose<SystemMemory>(
        static () => new LinuxMemory(), static () => new WindowsMemory(), static () => new MacMemory());

    /// <summary>Pages: reserve, commit, protect, free.</summary>
    public static SystemMemory Memory => s_memory ?? throw ThisSystem.Unsupported();

    /// <summary>Files: map, resize, replace.</summary>
    public static SystemFiles Files => Rest.Files ?? throw ThisSystem.Unsupported();

    /// <summary>Memory that several processes share by its name.</summary>
    public static SystemSharing Sharing => Rest.Sharing ?? throw ThisSystem.Unsupported();

    /// <summary>Notes of the first access that the system refused.</summary>
    public static SystemFaults Faults => Rest.Faults ?? throw ThisSystem.Unsupported();

    /// <summary>The services that the first buffer of a process does not need, so that it loads no types for them.</summary>
    private static class Rest
    {
        public static readonly SystemFiles? Files = ThisSystem.Choose<SystemFiles>(
            static () => new LinuxFiles(new LinuxStat()), static () => new WindowsFiles(), static () => new MacFiles(new MacStat()));

        public static readonly SystemSharing? Sharing = ThisSystem.Choose<SystemSharing>(
            static () => new LinuxSharing(new LinuxStat(), Files!), static () => new WindowsSharing(), static () => new MacSharing(new MacStat(), Files!));

        public static readonly SystemFaults? Faults = ThisSystem.Choose<SystemFaults>(
            static () => new LinuxFaults(s_memory!), static () => new WindowsFaults(s_memory!), static () => new MacFaults());
    }
}
