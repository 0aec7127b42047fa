namespace NativeBuffers.Violations;

/// <summary>Reads through an address after the owner was disposed.</summary>
public sealed class ReadAfterDispose : Scenario
{
    public override unsafe void Run(NativeAllocator allocator)
    {
        byte* kept;
        var buffer = NativeBuffer.Create<byte>(64, allocator); Here.Say("allocated");
        fixed (byte* start = buffer.AsSpan())
        {
            kept = start;
        }

        buffer.Dispose(); Here.Say("freed");
        Console.WriteLine($"read {kept[8]}");
    }
}
