using System.Reflection;

namespace NativeBuffers.Violations;

/// <summary>One way to use memory wrongly, or not. Each has a file in <c>Scenarios/</c>, and is found by its name.</summary>
public abstract class Scenario
{
    /// <summary>All that there are.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Assembly.GetExecutingAssembly().GetTypes().Where(static type => type.IsSubclassOf(typeof(Scenario))).Select(static type => type.Name)];

    public static Scenario Named(string name) =>
        (Scenario)Activator.CreateInstance(Assembly.GetExecutingAssembly().GetTypes().Single(type => type.IsSubclassOf(typeof(Scenario)) && type.Name == name))!;

    /// <param name="allocator">Where blocks come from.</param>
    public abstract void Run(NativeAllocator allocator);
}
