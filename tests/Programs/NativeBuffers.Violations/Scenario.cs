using System.Reflection;

namespace NativeBuffers.Violations;

/// <summary>A correct or wrong use of memory. Each scenario has a file in <c>Scenarios/</c>, and is found by its name.</summary>
public abstract class Scenario
{
    /// <summary>The names of all scenarios.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Assembly.GetExecutingAssembly().GetTypes().Where(static type => type.IsSubclassOf(typeof(Scenario))).Select(static type => type.Name)];

    public static Scenario Named(string name) =>
        (Scenario)Activator.CreateInstance(
            Assembly.GetExecutingAssembly().GetTypes().Single(type => type.IsSubclassOf(typeof(Scenario)) && type.Name == name))!;

    /// <param name="allocator">The allocator of the blocks.</param>
    public abstract void Run(NativeAllocator allocator);
}
