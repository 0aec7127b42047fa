namespace NativeBuffers.Violations;

/// <summary>Writes the byte after a block of a mebibyte.</summary>
public sealed class OverflowWriteLarge : Scenario
{
    public override unsafe void Run(NativeAllocator allocator)
    {
        Here.Say("allocated"); byte* block = (byte*)allocator.Allocate(1 << 20, 1);
        block[(1 << 20) - 1] = 1;
        block[1 << 20] = 1;
    }
}
