using NativeBuffers.Allocation;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Guards samples of the blocks by pages, at a <see cref="SampleDistance"/>, and passes the other blocks on.</summary>
/// <remarks>
/// For production. A block that is passed on costs a comparison when it comes back. Blocks of more than <see cref="GuardPool.LargestByteCount"/>
/// are never guarded, nor are any while all places of their size are in use.
/// </remarks>
internal sealed class SamplingAllocator(NativeAllocator inner, bool isAmbient, bool takesAll = false)
    : PageGuarding("Sampled", inner, isAmbient)
{
    protected override GuardStore? Store => GuardPool.Instance;

    protected override bool IsWanted(nuint byteCount) => AllocatorHooks.TakeDue() || takesAll || AllocatorHooks.CountDown(byteCount);

    protected override void CountGuarded() => Tally.Count(Happening.GuardSample, static () => "A block is guarded as a sample.");

    protected override unsafe bool TakeUnguarded(void* block, int number) =>
        GuardPool.Instance is not { } pool || !pool.Covers(block) || IsAnothers(pool.PlaceOf(block));
}
