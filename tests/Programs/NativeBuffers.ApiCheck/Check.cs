using System.Runtime.CompilerServices;

namespace NativeBuffers.ApiCheck;

/// <summary>Assertions without a library for tests, which could not be compiled ahead of time.</summary>
internal static class Check
{
    public static void That(bool condition, [CallerArgumentExpression(nameof(condition))] string? what = null)
    {
        if (!condition)
        {
            throw new InvalidOperationException($"Not so: {what}");
        }
    }

    public static void Throws<TException>(Action action)
        where TException : Exception
    {
        try
        {
            action();
        }
        catch (TException)
        {
            return;
        }

        throw new InvalidOperationException($"No {typeof(TException).Name} was thrown.");
    }
}
