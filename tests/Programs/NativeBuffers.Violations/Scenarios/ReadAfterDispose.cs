namespace NativeBuffers.Violations;

/// <summary>Reads through an address that was kept for longer than its owner.</summary>
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
