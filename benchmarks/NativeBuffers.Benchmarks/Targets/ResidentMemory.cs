using System.Globalization;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>What the process occupies of the machine's memory.</summary>
internal static class ResidentMemory
{
    private const string Statistics = "/proc/self/statm";

    /// <summary>In bytes. On Linux from the kernel itself; its second number counts resident pages.</summary>
    public static long ByteCount => File.Exists(Statistics)
        ? long.Parse(File.ReadAllText(Statistics).Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize
        : Environment.WorkingSet;
}
