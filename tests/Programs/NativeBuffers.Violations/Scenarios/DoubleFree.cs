namespace NativeBuffers.Violations;

/// <summary>Frees a bare block twice.</summary>
public sealed class DoubleFree : Scenario
{
    public override unsafe void Run(NativeAllocator allocator)
    {
        void* block = allocator.Allocate(64); Here.Say("allocated");
        Here.Say("freed"); allocator.Free(block, 64);
        Here.Say("again"); allocator.Free(block, 64);
    }
}
