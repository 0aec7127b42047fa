namespace NativeBuffers.Violations;

/// <summary>Writes the first element after an owner's block.</summary>
public sealed class OverflowWrite : Scenario
{
    public override unsafe void Run(NativeAllocator allocator)
    {
        using var owner = NativeMemoryOwner<int>.Create(25, allocator); Here.Say("allocated");
        using Borrow<int> borrow = owner.Borrow();
        fixed (int* start = borrow.Span)
        {
            start[25] = 7;
        }
    }
}
