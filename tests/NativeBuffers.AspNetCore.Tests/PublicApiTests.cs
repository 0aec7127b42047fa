namespace NativeBuffers.AspNetCore.Tests;

/// <summary>The public API is recorded, so that a change of it is seen and meant. It is documented.</summary>
public class PublicApiTests
{
    [Fact]
    public void The_public_API_is_the_recorded_one()
    {
        string? difference = PublicApi.FindDifference(typeof(NativeServerMemory).Assembly, "tests/NativeBuffers.AspNetCore.Tests/PublicApi.txt");
        Assert.True(difference is null, difference);
    }

    [Fact]
    public void Exactly_the_public_members_are_documented() => Assert.Empty(PublicDocumentation.FindOffences(typeof(NativeServerMemory).Assembly));
}
