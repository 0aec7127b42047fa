using Xunit.v3;

namespace NativeBuffers.Tests.TestKit;

/// <summary>A class of tests that is left out of the fast tests: it starts processes, races for seconds or works on much memory.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class SlowAttribute : Attribute, ITraitAttribute
{
    public static KeyValuePair<string, string> Trait { get; } = new("Speed", "Slow");

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [Trait];
}
