namespace NativeBuffers.Violations;

/// <summary>Writes the first byte after a bare block that starts at a multiple of 16, and so ends before its page does.</summary>
public sealed class OverflowIntoSlack : Scenario
{
    public override unsafe void Run(NativeAllocator allocator)
    {
        byte* block = (byte*)allocator.Allocate(100); Here.Say("allocated");
        block[100] = 7;
        Here.Say("freed"); allocator.Free(block, 100);
    }
}
