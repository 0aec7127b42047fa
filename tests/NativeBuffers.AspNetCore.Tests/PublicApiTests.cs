using System.Reflection;
using System.Text;

namespace NativeBuffers.AspNetCore.Tests;

/// <summary>The public API is recorded, so that a change of it is seen and meant.</summary>
public class PublicApiTests
{
    [Fact]
    public void The_public_API_is_the_recorded_one()
    {
        string record = Repository.Find("tests/NativeBuffers.AspNetCore.Tests/PublicApi.txt");
        string actual = Describe(typeof(NativeServerMemory).Assembly);
        if (Environment.GetEnvironmentVariable("RECORD_PUBLIC_API") == "1")
        {
            File.WriteAllText(record, actual);
        }

        Assert.True(actual == File.ReadAllText(record), $"Run this test once with RECORD_PUBLIC_API=1 if the change is meant. The API is now:\n{actual}");
    }

    private static string Describe(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (Type type in assembly.GetExportedTypes().Where(static type => !type.FullName!.Contains('<', StringComparison.Ordinal))
            .OrderBy(static type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(type.FullName).Append('\n');
            foreach (string member in type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
                .Where(static member => member is not Type and not MethodInfo { IsSpecialName: true })
                .Select(static member => member.ToString()!).Order(StringComparer.Ordinal))
            {
                text.Append("    ").Append(member).Append('\n');
            }
        }

        return text.ToString();
    }
}
