namespace NativeBuffers.Platform.Shared;

/// <summary>The process's error stream, for what nobody listens to.</summary>
internal static class StandardError
{
    /// <summary>Writes a line; nothing if that cannot be: the program may have closed the stream, or its disk may be full.</summary>
    public static void WriteLine(string line)
    {
        try
        {
            Console.Error.WriteLine(line);
        }
        catch (Exception)
        {
            // Where this is called, nothing may throw: disposal, finalizers, the end of the process.
        }
    }
}
