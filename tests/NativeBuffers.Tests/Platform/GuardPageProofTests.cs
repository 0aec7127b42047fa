using NativeBuffers.Platform.Linux;

namespace NativeBuffers.Tests.Platform;

/// <summary>Guard pages of the kernel are used only where a page has shown that the kernel has them.</summary>
public class GuardPageProofTests
{
    [Fact]
    public void Advice_that_is_taken_and_does_nothing_makes_no_guard_pages()
    {
        // An emulator agrees to all advice that it does not know. "Nothing special" is such advice for the kernel.
        const int Normal = 0;
        Assert.SkipUnless(OperatingSystem.IsLinux(), "It is advice of Linux.");
        Assert.False(new LinuxMemory().IsGuarding(Normal, Normal));
    }
}
