using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Tells once what a guard cannot do. The guarded program goes on as if there were no guard.</summary>
internal static class GuardTrouble
{
    private static int s_isTold;

    /// <summary>Writes a line to the error stream, the first time only.</summary>
    /// <param name="what">What is missing, and why.</param>
    public static void Tell(string what)
    {
        if (Interlocked.Exchange(ref s_isTold, 1) == 0)
        {
            StandardError.WriteLine($"NativeBuffers: {what}");
        }
    }

    /// <summary>Makes an object that a guard needs; null if that fails, for whatever reason.</summary>
    public static TPart? MakeOrNull<TPart>(Func<TPart?> make)
        where TPart : class
    {
        try
        {
            TPart? part = make();
            if (part is null)
            {
                Tell("blocks are not guarded, because there is no memory for what guards need");
            }

            return part;
        }
        catch (Exception exception)
        {
            // This runs once, while the first block is allocated. An exception here would come again at each allocation.
            Tell($"blocks are not guarded, because what guards need cannot be made: {exception.Message}");
            return null;
        }
    }
}
