using System.Reflection;

namespace NativeBuffers.Arrow.Tests;

/// <summary>The public API is recorded, so that a change of it is seen and meant.</summary>
public class PublicApiTests
{
    private const string Record = "tests/NativeBuffers.Arrow.Tests/PublicApi.txt";

    [Fact]
    public void The_public_API_is_the_recorded_one()
    {
        const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        string actual = string.Concat(
            from type in typeof(NativeArrowAllocator).Assembly.GetExportedTypes()
            from member in type.GetMembers(All)
            where member is MethodBase { IsPublic: true } or MethodBase { IsFamily: true }
            let line = $"{type.Name}: {member}\n"
            orderby line
            select line);
        if (Environment.GetEnvironmentVariable("RECORD_PUBLIC_API") == "1")
        {
            File.WriteAllText(Repository.Absolute(Record), actual);
        }

        Assert.Equal(File.ReadAllText(Repository.Absolute(Record)), actual);
    }
}
