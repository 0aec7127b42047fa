using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Tests.Platform;

/// <summary>The systems that the library supports, and its message on another system.</summary>
public sealed class ThisSystemTests
{
    [Fact]
    public void Three_systems_are_known_and_no_other_falls_through_to_one_of_them()
    {
        Assert.Equal(SystemKind.Linux, ThisSystem.Find(isLinux: true, isWindows: false, isMac: false, pointerByteCount: 8));
        Assert.Equal(SystemKind.Windows, ThisSystem.Find(isLinux: false, isWindows: true, isMac: false, pointerByteCount: 8));
        Assert.Equal(SystemKind.MacOS, ThisSystem.Find(isLinux: false, isWindows: false, isMac: true, pointerByteCount: 8));
        Assert.Null(ThisSystem.Find(isLinux: false, isWindows: false, isMac: false, pointerByteCount: 8));
    }

    [Theory]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(false, false, true)]
    public void Processes_of_32_bits_are_refused_on_all_of_them(bool isLinux, bool isWindows, bool isMac) =>
        Assert.Null(ThisSystem.Find(isLinux, isWindows, isMac, pointerByteCount: 4));

    [Fact]
    public void The_refusal_names_the_supported_systems_and_this_one()
    {
        string message = ThisSystem.Unsupported().Message;
        Assert.Contains("64-bit processes on Linux, Windows and macOS", message);
        Assert.Contains(Environment.OSVersion.VersionString, message);
        ThisSystem.ThrowIfUnsupported();
    }
}
