namespace NativeBuffers.Violations;

/// <summary>Plays one scenario. The test checks its end.</summary>
/// <remarks>
/// Arguments: the scenario's name; and where its blocks come from, which is the default allocator unless a mode of
/// <see cref="GuardMode"/> is named: then <c>malloc</c> with such a guard.
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
