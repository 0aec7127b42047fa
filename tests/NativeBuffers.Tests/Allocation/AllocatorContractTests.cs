using NativeBuffers.Diagnostics.Faults;
using NativeBuffers.Diagnostics.Guards;
using NativeBuffers.Tests.Contracts;

namespace NativeBuffers.Tests.Allocation;

[CorrectProgram]
public class DefaultAllocatorTests() : AllocatorContract(NativeAllocator.Default);

public class MallocAllocatorTests() : AllocatorContract(NativeAllocator.Malloc);

public class HGlobalAllocatorTests() : AllocatorContract(NativeAllocator.HGlobal);

public class CoTaskMemAllocatorTests() : AllocatorContract(NativeAllocator.CoTaskMem);

[Slow]
public class PagesAllocatorTests() : AllocatorContract(NativeAllocator.Pages);

[Slow]
public class PinnedHeapAllocatorTests() : AllocatorContract(NativeAllocator.PinnedHeap);

[Slow]
public class Aligned1AllocatorTests() : AllocatorContract(NativeAllocator.Aligned(1));

[Slow]
public class Aligned64AllocatorTests() : AllocatorContract(NativeAllocator.Aligned(64));

[Slow]
public class Aligned4096AllocatorTests() : AllocatorContract(NativeAllocator.Aligned(4096));

/// <summary>The C library's own functions, as a table.</summary>
public class FunctionsAllocatorTests() : AllocatorContract(CFunctions.Malloc);

/// <summary>A C library that has no <c>realloc</c>.</summary>
[Slow]
public class FunctionsWithoutResizeTests() : AllocatorContract(CFunctions.MallocWithoutRealloc);

/// <summary>The real mimalloc (Debian's libmimalloc2.0).</summary>
[Slow]
public class MimallocTests() : AllocatorContract(CFunctions.Mimalloc);

/// <summary>The real jemalloc (Debian's libjemalloc2).</summary>
[Slow]
public class JemallocTests() : AllocatorContract(CFunctions.Jemalloc);

[Slow]
public class PageGuardAllocatorTests() : AllocatorContract(NativeAllocator.Malloc.WithGuards(GuardMode.Pages));

/// <summary>Over an allocator that promises an alignment, and one that is not the library's own.</summary>
[Slow]
public class PageGuardOverAlignedTests() : AllocatorContract(NativeAllocator.Aligned(64).WithGuards(GuardMode.Pages));

[Slow]
public class PageGuardOverCustomTests() : AllocatorContract(new CustomAllocator().WithGuards(GuardMode.Pages));

[Slow]
public class SamplingAllocatorTests() : AllocatorContract(NativeAllocator.Malloc.WithGuards(GuardMode.Sampled));

/// <summary>Each block a sample, as far as there are places.</summary>
[Slow]
public class SamplingAllAllocatorTests() : AllocatorContract(new SamplingAllocator(NativeAllocator.Malloc, isAmbient: false, takesAll: true));

[Slow]
public class SamplingAllOverCustomTests() : AllocatorContract(new SamplingAllocator(new CustomAllocator(), isAmbient: false, takesAll: true));

/// <summary>A user's own allocator, which knows nothing but allocate and free.</summary>
public class CustomAllocatorTests() : AllocatorContract(new CustomAllocator());

/// <summary>A budget that is never in need.</summary>
[Slow]
public class BudgetAllocatorTests() : AllocatorContract(NativeAllocator.Malloc.WithLimit(1L << 45));

/// <summary>A budget below another one, with a page as alignment.</summary>
[Slow]
public class BudgetBelowAnotherTests() : AllocatorContract(NativeAllocator.Pages.WithLimit(long.MaxValue).WithLimit(long.MaxValue));

/// <summary>An allocator that is set to fail after more allocations than the tests make.</summary>
[Slow]
public class FaultyAllocatorTests() : AllocatorContract(NativeAllocator.Malloc.WithFaults(FaultPlan.FailNth(long.MaxValue)));

/// <summary>The wrapper of a run of fault injection, which lets no allocation fail here.</summary>
[Slow]
public class FaultRunAllocatorTests() : AllocatorContract(new FaultRunAllocator(NativeAllocator.Malloc, new FaultRun(0, first: null)));

[Slow]
public class CheckedMallocTests() : AllocatorContract(NativeAllocator.Malloc.WithGuards(GuardMode.Checked));

[Slow]
public class CheckedDefaultTests() : AllocatorContract(NativeAllocator.Default.WithGuards(GuardMode.Checked));

[Slow]
public class CheckedPagesTests() : AllocatorContract(NativeAllocator.Pages.WithGuards(GuardMode.Checked));

[Slow]
public class CheckedPinnedHeapTests() : AllocatorContract(NativeAllocator.PinnedHeap.WithGuards(GuardMode.Checked));

[Slow]
public class CheckedAligned64Tests() : AllocatorContract(NativeAllocator.Aligned(64).WithGuards(GuardMode.Checked));

[Slow]
public class CheckedAligned4096Tests() : AllocatorContract(NativeAllocator.Aligned(4096).WithGuards(GuardMode.Checked));

/// <summary>A guard of a user's own allocator, whose blocks no ring keeps.</summary>
[Slow]
public class CheckedCustomTests() : AllocatorContract(new CustomAllocator().WithGuards(GuardMode.Checked));

[Slow]
public class TrackingAllocatorTests() : AllocatorContract(NativeAllocator.Malloc.WithTracking());
