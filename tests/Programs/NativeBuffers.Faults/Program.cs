namespace NativeBuffers.Faults;

/// <summary>Plays one scenario, and says how far it came.</summary>
/// <remarks>
/// The argument: <c>locks</c>; or what happens to a page before it is touched: <c>decommitted</c>, <c>protected</c>,
/// <c>read-only</c>, <c>disposed</c>, <c>discarded</c>.
/// </remarks>
public static class Program
{
    public static void Main(string[] arguments)
    {
        if (arguments[0] == "locks")
        {
            LockLimit.Run();
        }
        else
        {
            Touch.Page(arguments[0]);
        }
    }
}
