namespace NativeBuffers.Violations;

/// <summary>Plays one scenario. What it ends with is for the test to see.</summary>
/// <remarks>
/// Arguments: the scenario's name; and where its blocks come from, which is the default allocator unless a mode of
/// <see cref="GuardMode"/> is named: then <c>malloc</c> behind such a guard.
/// </remarks>
public static class Program
{
    public static void Main(string[] arguments)
    {
        NativeAllocator allocator = arguments.Length == 1
            ? NativeAllocator.Default
            : NativeAllocator.Malloc.WithGuards(Enum.Parse<GuardMode>(arguments[1], ignoreCase: true));
        Scenario.Named(arguments[0]).Run(allocator);
        Console.WriteLine("went on to the end");
    }
}
