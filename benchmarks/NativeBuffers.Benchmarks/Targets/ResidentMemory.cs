using System.Globalization;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The machine's memory that the process occupies.</summary>
internal static class ResidentMemory
{
    private const string Statistics = "/proc/self/statm";

    /// <summary>In bytes. On Linux from the kernel itself; its second number counts resident pages.</summary>
    public static long ByteCount => File.Exists(Statistics)
        ? long.Parse(File.ReadAllText(Statistics).Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize
        : Environment.WorkingSet;
}
