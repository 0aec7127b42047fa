using System.Reflection;

namespace NativeBuffers.Tests.HouseRules;

/// <summary>The XML file of each package has an entry for each public member, and no other entries.</summary>
public class PublicDocumentationTests
{
    [Theory]
    [InlineData("NativeBuffers")]
    [InlineData("NativeBuffers.Tensors")]
    public void Exactly_the_public_members_are_documented(string library) =>
        Assert.Empty(PublicDocumentation.FindOffences(Assembly.Load(library)));
}
