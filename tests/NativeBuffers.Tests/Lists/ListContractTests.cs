namespace NativeBuffers.Tests.Lists;

public class DefaultListTests() : ListContract(null);

public class NamedDefaultListTests() : ListContract(NativeAllocator.Default);

public class MallocListTests() : ListContract(NativeAllocator.Malloc);

public class HGlobalListTests() : ListContract(NativeAllocator.HGlobal);

public class CoTaskMemListTests() : ListContract(NativeAllocator.CoTaskMem);

public class PagesListTests() : ListContract(NativeAllocator.Pages);

public class PinnedHeapListTests() : ListContract(NativeAllocator.PinnedHeap);

public class Aligned64ListTests() : ListContract(NativeAllocator.Aligned(64));

public class Aligned4096ListTests() : ListContract(NativeAllocator.Aligned(4096));

/// <summary>The C library's own functions, as a table.</summary>
public class FunctionsListTests() : ListContract(CFunctions.Malloc);

/// <summary>A C library that has no <c>realloc</c>.</summary>
public class FunctionsWithoutResizeListTests() : ListContract(CFunctions.MallocWithoutRealloc);

/// <summary>A user's own allocator that overwrites freed blocks.</summary>
public class CustomAllocatorListTests() : ListContract(new RecordingAllocator());
