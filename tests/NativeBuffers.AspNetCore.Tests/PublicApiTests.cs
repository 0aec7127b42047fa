namespace NativeBuffers.AspNetCore.Tests;

/// <summary>The public API is recorded, so that a change of it is seen and meant.</summary>
public class PublicApiTests
{
    [Fact]
    public void The_public_API_is_the_recorded_one()
    {
        string? difference = PublicApi.FindDifference(typeof(NativeServerMemory).Assembly, "tests/NativeBuffers.AspNetCore.Tests/PublicApi.txt");
        Assert.True(difference is null, difference);
    }
}
