using System.Reflection;

namespace NativeBuffers.Tests.HouseRules;

/// <summary>The public API is recorded, so that a change of it is seen and meant.</summary>
public class PublicApiTests
{
    [Fact]
    public void The_public_API_is_the_recorded_one() => Check(typeof(NativeAllocator).Assembly, "PublicApi.txt");

    [Fact]
    public void The_public_API_of_the_adapter_for_tensors_is_the_recorded_one() => Check(Assembly.Load("NativeBuffers.Tensors"), "PublicApi.Tensors.txt");

    private static void Check(Assembly library, string record)
    {
        string? difference = PublicApi.FindDifference(library, $"tests/NativeBuffers.Tests/HouseRules/{record}");
        Assert.True(difference is null, difference);
    }
}
