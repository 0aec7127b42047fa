using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Violations;

/// <summary>Disposes a scoped buffer, and then a copy of it.</summary>
public sealed class DisposedTwice : Scenario
{
    [SuppressMessage("Ownership", "NB0003", Justification = "The program shows what guards and tracking report.")]
    [SuppressMessage("Ownership", "NB0005", Justification = "The program shows what guards and tracking report.")]
    public override void Run(NativeAllocator allocator)
    {
        var buffer = NativeBuffer.Create<byte>(64, allocator); Here.Say("allocated");
        NativeBuffer<byte> copy = buffer;
        buffer.Dispose(); Here.Say("freed");
        copy.Dispose(); Here.Say("again");
    }
}
