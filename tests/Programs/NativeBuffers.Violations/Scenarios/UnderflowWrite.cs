namespace NativeBuffers.Violations;

/// <summary>Writes the last byte before a bare block.</summary>
public sealed class UnderflowWrite : Scenario
{
    public override unsafe void Run(NativeAllocator allocator)
    {
        byte* block = (byte*)allocator.Allocate(100, 1); Here.Say("allocated");
        block[-1] = 7;
        Here.Say("freed"); allocator.Free(block, 100, 1);
    }
}
