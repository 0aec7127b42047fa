using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Violations;

/// <summary>Writes through an address from before a resize.</summary>
public sealed class StaleAfterResize : Scenario
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

        buffer.Resize(65);
        kept[8] = 7;
        buffer.Dispose();
    }
}
