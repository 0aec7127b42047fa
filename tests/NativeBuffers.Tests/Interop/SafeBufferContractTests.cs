using NativeBuffers.Tests.Contracts;

namespace NativeBuffers.Tests.Interop;

public class SafeMallocBufferTests() : SafeBufferContract<SafeMallocBuffer>(
    SafeMallocBuffer.Allocate, SafeMallocBuffer.AllocateUninitialized, SafeMallocBuffer.FromOwner, NativeAllocator.Malloc);

public class SafeAlignedBufferTests() : SafeBufferContract<SafeAlignedBuffer>(
    static byteCount => SafeAlignedBuffer.Allocate(byteCount, 128),
    static byteCount => SafeAlignedBuffer.AllocateUninitialized(byteCount, 128),
    SafeAlignedBuffer.FromOwner,
    NativeAllocator.Aligned(128));

public class SafeHGlobalBufferTests() : SafeBufferContract<SafeHGlobalBuffer>(
    SafeHGlobalBuffer.Allocate, SafeHGlobalBuffer.AllocateUninitialized, SafeHGlobalBuffer.FromOwner, NativeAllocator.HGlobal);

public class SafeCoTaskMemBufferTests() : SafeBufferContract<SafeCoTaskMemBuffer>(
    SafeCoTaskMemBuffer.Allocate, SafeCoTaskMemBuffer.AllocateUninitialized, SafeCoTaskMemBuffer.FromOwner, NativeAllocator.CoTaskMem);

public class SafePagesBufferTests() : SafeBufferContract<SafePagesBuffer>(
    SafePagesBuffer.Allocate, SafePagesBuffer.AllocateUninitialized, SafePagesBuffer.FromOwner, NativeAllocator.Pages);

/// <summary>A user's own kind of handle.</summary>
public class SafeStrictBufferTests() : SafeBufferContract<SafeStrictBuffer>(
    SafeStrictBuffer.Allocate, SafeStrictBuffer.AllocateUninitialized, SafeStrictBuffer.FromOwner, SafeStrictBuffer.Shared);
