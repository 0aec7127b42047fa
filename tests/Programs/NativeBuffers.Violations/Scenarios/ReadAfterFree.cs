namespace NativeBuffers.Violations;

/// <summary>Reads a bare block that was freed.</summary>
public sealed class ReadAfterFree : Scenario
{
    public override unsafe void Run(NativeAllocator allocator)
    {
        byte* block = (byte*)allocator.Allocate(64); Here.Say("allocated");
        Here.Say("freed"); allocator.Free(block, 64);
        Console.WriteLine($"read {block[8]}");
    }
}
