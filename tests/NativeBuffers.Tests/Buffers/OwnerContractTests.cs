using System.Runtime.InteropServices;
using NativeBuffers.Tests.Contracts;

namespace NativeBuffers.Tests.Buffers;

public class DefaultOwnerTests() : OwnerContract(static length => NativeMemoryOwner<int>.Create(length));

public class UninitializedOwnerTests() : OwnerContract(static length => NativeMemoryOwner<int>.CreateUninitialized(length), zeroed: false);

public class CopiedOwnerTests() : OwnerContract(static length => NativeMemoryOwner<int>.CreateFrom(new int[length]));

public class MallocOwnerTests() : OwnerContract(static length => NativeMemoryOwner<int>.Create(length, NativeAllocator.Malloc));

public class HGlobalOwnerTests() : OwnerContract(static length => NativeMemoryOwner<int>.Create(length, NativeAllocator.HGlobal));

public class CoTaskMemOwnerTests() : OwnerContract(static length => NativeMemoryOwner<int>.Create(length, NativeAllocator.CoTaskMem));

public class AlignedOwnerTests() : OwnerContract(static length => NativeMemoryOwner<int>.Create(length, NativeAllocator.Aligned(64)));

public class PagesOwnerTests() : OwnerContract(static length => NativeMemoryOwner<int>.Create(length, NativeAllocator.Pages));

public class PinnedHeapOwnerTests() : OwnerContract(static length => NativeMemoryOwner<int>.Create(length, NativeAllocator.PinnedHeap))
{
    protected override bool HasArrays => true;
}

public class PinnedHeapPoolOwnerTests() : OwnerContract(static length => (NativeMemoryOwner<int>)s_pool.Rent((int)length), zeroed: false)
{
    private static readonly NativeMemoryPool<int> s_pool = new(new NativePoolOptions { Allocator = NativeAllocator.PinnedHeap });
}

/// <summary>The C library's own functions, as a table.</summary>
public class FunctionsOwnerTests() : OwnerContract(static length => NativeMemoryOwner<int>.Create(length, CFunctions.Malloc));

/// <summary>A user's own allocator that overwrites freed blocks.</summary>
public class CustomAllocatorOwnerTests() : OwnerContract(static length => NativeMemoryOwner<int>.Create(length, s_allocator))
{
    private static readonly RecordingAllocator s_allocator = new();
}

/// <summary>An owner that was made from a scoped buffer.</summary>
public class BufferToOwnerTests() : OwnerContract(static length => NativeBuffer.Create<int>((int)length).ToOwner());

public class MallocBufferToOwnerTests() : OwnerContract(static length => NativeBuffer.Create<int>((int)length, NativeAllocator.Malloc).ToOwner());

public class MovedOwnerTests() : OwnerContract(static length => NativeMemoryOwner<int>.Create(length).Move());

/// <summary>Memory that C gave us.</summary>
public class AdoptedOwnerTests() : OwnerContract(Adopted)
{
    private static unsafe NativeMemoryOwner<int> Adopted(long length) =>
        NativeMemoryOwner<int>.Adopt((int*)NativeMemory.AllocZeroed((nuint)length * sizeof(int)), length, NativeAllocator.Malloc);
}

public class SharedPoolOwnerTests() : OwnerContract(
    static length => (NativeMemoryOwner<int>)NativeMemoryPool<int>.Shared.Rent((int)length), zeroed: false);

public class OwnPoolOwnerTests() : OwnerContract(static length => (NativeMemoryOwner<int>)s_pool.Rent((int)length), zeroed: false)
{
    private static readonly NativeMemoryPool<int> s_pool = new(new NativePoolOptions());
}

public class PagesPoolOwnerTests() : OwnerContract(static length => (NativeMemoryOwner<int>)s_pool.Rent((int)length), zeroed: false)
{
    private static readonly NativeMemoryPool<int> s_pool = new(new NativePoolOptions { Allocator = NativeAllocator.Pages });
}
