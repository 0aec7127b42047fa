using System.Runtime.CompilerServices;

namespace NativeBuffers.Arrow.Tests;

/// <summary>The repository's own files.</summary>
internal static class Repository
{
    public static string Absolute(string path) => Path.Combine(s_root, path);

    private static readonly string s_root = FindRoot();

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
