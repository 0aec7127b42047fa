using NativeBuffers.Allocation;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Guards samples of the blocks, at a <see cref="SampleDistance"/>, as GWP-ASan does. The inner allocator serves the other blocks.</summary>
/// <remarks>
/// For production. A block that is not guarded costs a comparison when it is freed. Blocks of more than
/// <see cref="SamplePool.LargestByteCount"/> are never guarded, nor are any blocks while all slots of their size are in use.
/// </remarks>
internal sealed class SamplingAllocator(NativeAllocator inner, bool isAmbient, bool takesAll = false)
    : PageGuardAllocator("Sampled", inner, isAmbient)
{
    protected override GuardedPool? Pool => SamplePool.Instance;

    protected override bool IsWanted(nuint byteCount) => AllocatorHooks.TakeDue() || takesAll || AllocatorHooks.CountDown(byteCount);

    protected override void CountGuarded() => DiagnosticEvent.GuardSample.Raise(static () => "A block is guarded as a sample.");

    /// <remarks>There are too many to note. An address outside the pool is taken for one of this allocator's.</remarks>
    /// <inheritdoc path="/safety"/>
    protected override unsafe void AddUnguarded(void* block)
    {
    }

    /// <inheritdoc/>
    protected override unsafe bool TakeUnguarded(void* block) =>
        SamplePool.Instance is not { } pool || !pool.Covers(block) || IsHandedOn(pool.SlotOf(block));
}
