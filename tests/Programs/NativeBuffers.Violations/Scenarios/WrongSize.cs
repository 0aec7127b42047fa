namespace NativeBuffers.Violations;

/// <summary>Frees a block with a size that is not its own.</summary>
public sealed class WrongSize : Scenario
{
    public override unsafe void Run(NativeAllocator allocator)
    {
        void* block = allocator.Allocate(64); Here.Say("allocated");
        Here.Say("freed"); allocator.Free(block, 63);
    }
}
