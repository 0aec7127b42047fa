using NativeBuffers.Interop;
using NativeBuffers.Tests.Contracts;

namespace NativeBuffers.Tests.Interop;

/// <summary>For all blocks but the shared one it is like the handle's own allocator.</summary>
[Slow]
public class HandleAllocatorTests() : AllocatorContract(new HandleAllocator(NativeAllocator.Malloc, default, "SafeMallocBuffer"));
