namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Blocks that end at pages that cannot be touched.</summary>
/// <remarks>
/// For development: each block costs at least a page, and two to four calls to the system. Some 250,000 blocks can be guarded at a time
/// where the kernel has guard pages; elsewhere some 20,000, since systems limit the number of mappings. Further blocks are not guarded,
/// which the report counts.
/// </remarks>
internal sealed class PageGuardAllocator(NativeAllocator inner, bool isAmbient) : PageGuarding("PageGuarded", inner, isAmbient)
{
    protected override GuardStore? Store => GuardMappings.Instance;

    protected override bool IsWanted(nuint byteCount) => true;

    protected override unsafe void AddUnguarded(void* block, int number) => GuardMappings.Instance?.AddUnguarded(block, number);

    protected override unsafe bool TakeUnguarded(void* block, int number) => GuardMappings.Instance?.TakeUnguarded(block, number) ?? true;
}
