using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Violations;

/// <summary>Reads through an address after the owner was disposed.</summary>
public sealed class ReadAfterDispose : Scenario
{
    [SuppressMessage("Ownership", "NB0004", Justification = "The program shows what guards and tracking report.")]
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
