using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Tests.Platform;

/// <summary>Strings that no system takes as they are.</summary>
public sealed class SystemNameTests
{
    [Fact]
    public void Half_a_surrogate_pair_is_named_with_its_place()
    {
        (string Name, string Named)[] broken =
        [
            ("\uD800", "U+D800 at index 0"),
            ("ab\uDFFF", "U+DFFF at index 2"),
            ("\U0001F600\uDC00\uD800", "U+DC00 at index 2"),
        ];
        foreach ((string name, string named) in broken)
        {
            Assert.Contains(named, Assert.Throws<ArgumentException>("it", () => SystemName.ThrowIfBroken(name, "it")).Message);
            if (!OperatingSystem.IsWindows())
            {
                Assert.Contains(named, Assert.Throws<ArgumentException>("path", () => NativeMemoryReport.Read(name)).Message);
            }
        }
    }

    [Fact]
    public void Whole_characters_are_names()
    {
        SystemName.ThrowIfBroken("a\U0001F600\U0010FFFF\uFFFD\uD7FF\uE000", "it");
        SystemName.ThrowIfNoPath("\U0001F600", "it");
        Assert.Contains("U+0000 at index 1", Assert.Throws<ArgumentException>("it", () => SystemName.ThrowIfNoPath("a\0b", "it")).Message);
        Assert.Throws<ArgumentNullException>("it", () => SystemName.ThrowIfNoPath(null!, "it"));
    }
}
