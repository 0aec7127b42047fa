namespace NativeBuffers.Tests.Interop;

/// <summary>A user's own kind of handle, over an allocator that knows its blocks and their sizes.</summary>
public sealed class SafeStrictBuffer : SafeNativeBuffer
{
    public SafeStrictBuffer()
        : this(Shared)
    {
    }

    public SafeStrictBuffer(NativeAllocator allocator)
        : base(allocator)
    {
    }

    /// <summary>Allocates, and fails before the caller has the handle.</summary>
    public SafeStrictBuffer(NativeAllocator allocator, long byteCount, Exception failure)
        : base(allocator)
    {
        AllocateBlock(byteCount, zeroed: true);
        throw failure;
    }

    /// <summary>The allocator of handles that are made without one.</summary>
    public static RecordingAllocator Shared { get; } = new() { LargestBlock = (nuint)1 << 40 };

    public static SafeStrictBuffer Allocate(long byteCount) => Allocate(byteCount, Shared);

    public static SafeStrictBuffer Allocate(long byteCount, NativeAllocator allocator)
    {
        var handle = new SafeStrictBuffer(allocator);
        handle.AllocateBlock(byteCount, zeroed: true);
        return handle;
    }

    public static SafeStrictBuffer AllocateUninitialized(long byteCount)
    {
        var handle = new SafeStrictBuffer();
        handle.AllocateBlock(byteCount, zeroed: false);
        return handle;
    }

    public static SafeStrictBuffer FromOwner<T>(NativeMemoryOwner<T> owner)
        where T : unmanaged => FromOwner(owner, Shared);

    public static SafeStrictBuffer FromOwner<T>(NativeMemoryOwner<T> owner, NativeAllocator allocator)
        where T : unmanaged
    {
        var handle = new SafeStrictBuffer(allocator);
        handle.TakeBlock(owner);
        return handle;
    }

    /// <summary>A mistake of a factory: the handle has a block already.</summary>
    public void AllocateAgain() => AllocateBlock(10, zeroed: true);

    /// <inheritdoc cref="AllocateAgain"/>
    public void TakeAgain(NativeMemoryOwner<byte> owner) => TakeBlock(owner);

    /// <summary>Sets the address as P/Invoke sets it from a native method's result.</summary>
    public unsafe void Return(void* block) => SetBlock(block);
}
