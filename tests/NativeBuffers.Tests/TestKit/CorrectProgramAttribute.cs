using Xunit.v3;

namespace NativeBuffers.Tests.TestKit;

/// <summary>A class of tests that use memory correctly, and so must pass in a process with any guard and any tracking.</summary>
/// <remarks>
/// <c>.ci/run</c> runs these classes once in each mode. Together they take each owner, list, arena, region, pool and handle through
/// its life: on several threads, with resizes, borrows and pins, disposed and forgotten.
/// </remarks>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class CorrectProgramAttribute : Attribute, ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("Suite", "CorrectPrograms")];
}
