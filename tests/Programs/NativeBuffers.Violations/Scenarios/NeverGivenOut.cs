namespace NativeBuffers.Violations;

/// <summary>Frees an address inside a block.</summary>
public sealed class NeverGivenOut : Scenario
{
    public override unsafe void Run(NativeAllocator allocator)
    {
        byte* block = (byte*)allocator.Allocate(64); Here.Say("allocated");
        Here.Say("freed"); allocator.Free(block + 16, 48);
    }
}
