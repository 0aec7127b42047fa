using NativeBuffers.Os;

namespace NativeBuffers.Tests.Os;

/// <summary>Guard pages of the kernel are used only where they have shown that they are some.</summary>
public class GuardPageProofTests
{
    [Fact]
    public void Advice_that_is_taken_and_does_nothing_makes_no_guard_pages()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "It is advice of Linux.");
        Assert.False(new AgreeingMemory().HasGuardPages);
    }

    /// <summary>As under an emulator that answers yes to advice that it does not know.</summary>
    private sealed class AgreeingMemory : LinuxMemory
    {
        public override unsafe bool Guard(void* start, nuint byteCount) => true;

        public override unsafe bool Unguard(void* start, nuint byteCount) => true;
    }
}
