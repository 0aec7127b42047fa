namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Blocks that end at pages that cannot be touched.</summary>
/// <remarks>
/// For development: each block costs at least a page, and two to four calls to the system. There may be some 250,000 at a time where the kernel
/// has guard pages, else 20,000, since systems limit how many pieces the address space may have; further ones are not guarded, which the report counts.
/// </remarks>
internal sealed class PageGuardAllocator(NativeAllocator inner, bool isAmbient) : PageGuarding("PageGuarded", inner, isAmbient)
{
    protected override GuardStore? Store => GuardMappings.Instance;

    protected override bool IsWanted(nuint byteCount) => true;

    protected override unsafe void AddUnguarded(void* block, int number) => GuardMappings.Instance?.AddUnguarded(block, number);

    protected override unsafe bool TakeUnguarded(void* block, int number) => GuardMappings.Instance?.TakeUnguarded(block, number) ?? true;
}
