namespace NativeBuffers.Violations;

/// <summary>Never disposes an owner.</summary>
public sealed class Leak : Scenario
{
    private static NativeMemoryOwner<byte>? s_kept;

    public override void Run(NativeAllocator allocator)
    {
        s_kept = NativeMemoryOwner<byte>.Create(100, allocator); Here.Say("allocated");
        GC.KeepAlive(s_kept);
    }
}
