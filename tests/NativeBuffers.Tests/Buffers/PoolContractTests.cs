using System.Runtime.InteropServices;
using NativeBuffers.Buffers;
using NativeBuffers.Tests.Contracts;

namespace NativeBuffers.Tests.Buffers;

public class SharedPoolOfBytesTests() : PoolContract<byte>(NativeMemoryPool<byte>.Shared);

public class SharedPoolOfIntsTests() : PoolContract<int>(NativeMemoryPool<int>.Shared);

[Slow]
public class SharedPoolOfStructsTests() : PoolContract<Wide>(NativeMemoryPool<Wide>.Shared);

public class OwnPoolTests() : PoolContract<byte>(s_pool)
{
    private static readonly NativeMemoryPool<byte> s_pool = new(new NativePoolOptions());
}

public class PagesPoolTests() : PoolContract<int>(s_pool)
{
    private static readonly NativeMemoryPool<int> s_pool = new(new NativePoolOptions { Allocator = NativeAllocator.Pages });
}

[Slow]
public class MallocPoolTests() : PoolContract<Wide>(s_pool)
{
    private static readonly NativeMemoryPool<Wide> s_pool = new(new NativePoolOptions { Allocator = NativeAllocator.Malloc });
}

/// <summary>A user's own allocator that overwrites freed blocks.</summary>
public class CustomAllocatorPoolTests() : PoolContract<int>(s_pool)
{
    private static readonly NativeMemoryPool<int> s_pool = new(new NativePoolOptions { Allocator = new RecordingAllocator() });
}

/// <summary>A pool that keeps nothing.</summary>
public class PoolWithoutCacheTests() : PoolContract<byte>(s_pool)
{
    private static readonly NativeMemoryPool<byte> s_pool =
        new(new NativePoolOptions { Allocator = new RecordingAllocator(), CachedBytesLimit = 0 });
}

/// <summary>The store of a pool, used as the allocator that it is.</summary>
public class PoolStoreAllocatorTests() : AllocatorContract(new PoolStore(new NativePoolOptions()));

/// <summary>An element whose size is no power of two.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
public struct Wide;
