using Xunit.v3;

namespace NativeBuffers.Tests.TestKit;

/// <summary>A class of tests, or one test, that the fast tests leave out: it starts processes, races for a second or more, or works on much memory.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class SlowAttribute : Attribute, ITraitAttribute
{
    public static KeyValuePair<string, string> Trait { get; } = new("Speed", "Slow");

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [Trait];
}
