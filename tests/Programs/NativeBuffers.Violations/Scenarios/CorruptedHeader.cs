namespace NativeBuffers.Violations;

/// <summary>Writes to a guard's header, before a bare block.</summary>
public sealed class CorruptedHeader : Scenario
{
    public override unsafe void Run(NativeAllocator allocator)
    {
        byte* block = (byte*)allocator.Allocate(100, 1); Here.Say("allocated");
        new Span<byte>(block - 40, 24).Fill(7);
        Here.Say("freed"); allocator.Free(block, 100, 1);
    }
}
