namespace NativeBuffers.Violations;

/// <summary>Disposes a scoped buffer, and then a copy of it.</summary>
public sealed class DisposedTwice : Scenario
{
    public override void Run(NativeAllocator allocator)
    {
        var buffer = NativeBuffer.Create<byte>(64, allocator); Here.Say("allocated");
        NativeBuffer<byte> copy = buffer;
        buffer.Dispose(); Here.Say("freed");
        copy.Dispose(); Here.Say("again");
    }
}
