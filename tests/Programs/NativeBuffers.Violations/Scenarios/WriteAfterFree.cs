namespace NativeBuffers.Violations;

/// <summary>Writes to a bare block that was freed.</summary>
public sealed class WriteAfterFree : Scenario
{
    public override unsafe void Run(NativeAllocator allocator)
    {
        byte* block = (byte*)allocator.Allocate(64); Here.Say("allocated");
        Here.Say("freed"); allocator.Free(block, 64);
        block[8] = 7;
    }
}
