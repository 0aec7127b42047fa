namespace NativeBuffers.Violations;

/// <summary>Gives a block to an allocator that it did not come from.</summary>
public sealed class OtherAllocator : Scenario
{
    public override unsafe void Run(NativeAllocator allocator)
    {
        bool isChecked = Environment.GetEnvironmentVariable("NATIVEBUFFERS_GUARD") == "checked";
        NativeAllocator other = NativeAllocator.HGlobal.WithGuards(isChecked ? GuardMode.Checked : GuardMode.Pages);
        void* block = allocator.Allocate(64); Here.Say("allocated");
        Here.Say("freed"); other.Free(block, 64);
    }
}
