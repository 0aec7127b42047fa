using System.Runtime.CompilerServices;

namespace NativeBuffers.Violations;

/// <summary>Says at which line something happens.</summary>
internal static class Here
{
    public static void Say(string what, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        Console.WriteLine($"{what} at {Path.GetFileName(file)}:{line}");
        Console.Out.Flush();
    }
}
