namespace NativeBuffers.Violations;

/// <summary>Reads the first byte after an owner's block.</summary>
public sealed class OverflowRead : Scenario
{
    public override unsafe void Run(NativeAllocator allocator)
    {
        using var buffer = NativeBuffer.Create<byte>(100, allocator); Here.Say("allocated");
        fixed (byte* start = buffer.AsSpan())
        {
            Console.WriteLine($"read {start[100]}");
        }
    }
}
