using System.Runtime.CompilerServices;

namespace NativeBuffers.AspNetCore.Tests;

/// <summary>The repository's own files.</summary>
internal static class Repository
{
    /// <summary>The whole path of a file.</summary>
    public static string Find(string path) => Path.Combine(FindRoot(), path);

    private static string FindRoot([CallerFilePath] string here = "")
    {
        // A deterministic build rewrites the path of this file, so look upwards from the test program too.
        foreach (string start in new[] { Path.GetDirectoryName(here)!, AppContext.BaseDirectory })
        {
            for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "NativeBuffers.sln")))
                {
                    return folder.FullName;
                }
            }
        }

        throw new DirectoryNotFoundException("The tests look for NativeBuffers.sln above themselves.");
    }
}
