namespace NativeBuffers.Tests.Regions;

/// <summary>The files that this process has open and mapped, from Linux.</summary>
internal static class OpenFiles
{
    /// <summary>How many descriptors of this process lead to a path, or to a deleted file that had it.</summary>
    public static int DescriptorsOf(string path) =>
        Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(entry => LeadsTo(entry, path));

    /// <summary>How many mappings of this process are of a path, or of a deleted file that had it.</summary>
    public static int MappingsOf(string path) =>
        System.IO.File.ReadLines("/proc/self/maps").Count(line => line.Contains(path, StringComparison.Ordinal));

    private static bool LeadsTo(string descriptor, string path)
    {
        try
        {
            return new FileInfo(descriptor).LinkTarget is { } target && target.StartsWith(path, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // Closed since the folder was listed.
            return false;
        }
    }
}
