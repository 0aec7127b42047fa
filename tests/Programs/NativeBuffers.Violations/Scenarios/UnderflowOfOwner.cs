namespace NativeBuffers.Violations;

/// <summary>Writes the last byte before an owner's block. The disposal throws nothing.</summary>
public sealed class UnderflowOfOwner : Scenario
{
    public override unsafe void Run(NativeAllocator allocator)
    {
        var buffer = NativeBuffer.Create<byte>(100, allocator); Here.Say("allocated");
        fixed (byte* start = buffer.AsSpan())
        {
            start[-1] = 7;
        }

        buffer.Dispose(); Here.Say("freed");
    }
}
