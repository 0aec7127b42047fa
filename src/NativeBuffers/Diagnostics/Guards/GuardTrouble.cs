using NativeBuffers.Os;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>What a guard cannot do, told once: the program that is guarded goes on as if there were none.</summary>
internal static class GuardTrouble
{
    private static int s_isTold;

    /// <summary>Writes one line to the error stream, and later ones not.</summary>
    /// <param name="what">What is missing, and why.</param>
    public static void Tell(string what)
    {
        if (Interlocked.Exchange(ref s_isTold, 1) == 0)
        {
            StandardError.WriteLine($"NativeBuffers: {what}");
        }
    }

    /// <summary>What a guard needs; null if that cannot be made, whatever the reason.</summary>
    public static TPart? MakeOrNull<TPart>(Func<TPart?> make)
        where TPart : class
    {
        try
        {
            TPart? part = make();
            if (part is null)
            {
                Tell("blocks are not guarded, for there is no memory for what guards need");
            }

            return part;
        }
        catch (Exception exception)
        {
            // This runs once, while the first block is allocated. An exception here would come again at each allocation.
            Tell($"blocks are not guarded, for what guards need cannot be made: {exception.Message}");
            return null;
        }
    }
}
