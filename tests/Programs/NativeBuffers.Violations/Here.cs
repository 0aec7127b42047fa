using System.Runtime.CompilerServices;

namespace NativeBuffers.Violations;

/// <summary>Prints the line of an event.</summary>
internal static class Here
{
    public static void Say(string what, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        Console.WriteLine($"{what} at {Path.GetFileName(file)}:{line}");
        Console.Out.Flush();
    }
}
