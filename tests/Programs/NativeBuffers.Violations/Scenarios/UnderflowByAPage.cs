namespace NativeBuffers.Violations;

/// <summary>Reads an address one page before a block.</summary>
public sealed class UnderflowByAPage : Scenario
{
    public override unsafe void Run(NativeAllocator allocator)
    {
        byte* block = (byte*)allocator.Allocate(100, 1); Here.Say("allocated");
        Console.WriteLine($"read {block[-Environment.SystemPageSize]}");
    }
}
