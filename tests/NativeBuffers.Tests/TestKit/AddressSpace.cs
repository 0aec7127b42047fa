using System.Globalization;

namespace NativeBuffers.Tests.TestKit;

/// <summary>The memory that this process has mapped, touched or not.</summary>
internal static class AddressSpace
{
    /// <summary>In bytes. Skips the test where the system does not tell.</summary>
    public static long ByteCount
    {
        get
        {
            Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells how much a process has mapped, in /proc/self/status.");
            string line = File.ReadLines("/proc/self/status").Single(static line => line.StartsWith("VmSize:", StringComparison.Ordinal));
            return 1024 * long.Parse(line["VmSize:".Length..^"kB".Length].Trim(), CultureInfo.InvariantCulture);
        }
    }
}
