namespace NativeBuffers.Platform.Shared;

/// <summary>The process's error stream.</summary>
internal static class StandardError
{
    /// <summary>Writes a line, or nothing if that fails: the program may have closed the stream, or its disk may be full.</summary>
    public static void WriteLine(string line)
    {
        try
        {
            Console.Error.WriteLine(line);
        }
        catch (Exception)
        {
            // The callers must not throw: disposal, finalizers, the end of the process.
        }
    }
}
