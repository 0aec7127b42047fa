using System.Reflection;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Tests.Interop;

/// <summary>A handle that a finalizer of the program's makes reachable again, while the handle's own finalizer frees its block.</summary>
[Collection(ProcessWide.Name)]
public sealed class RevivedHandleTests
{
    private SafeNativeBuffer? _revived;

    [Fact]
    public void Before_the_finalizer_frees_a_block_it_is_settled_that_the_block_becomes_no_owners()
    {
        var allocator = new LookingAllocator(this);

        // A collection between the two allocations would make the keeper die first.
        using (NoCollections.Begin())
        {
            Forget(allocator);
        }

        Collector.Until(() => allocator.Frees > 0);
        Assert.Equal(1, allocator.Frees);

        // A thread that makes an owner of the handle, and has found it open before, competes for this field.
        Assert.NotNull(allocator.EndAtFree);
        Assert.Throws<ObjectDisposedException>(() => _revived!.ToOwner<byte>());
        _revived!.Dispose();
        Assert.Equal(1, allocator.Frees);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Forget(NativeAllocator allocator) => _ = new Keeper(this, SafeStrictBuffer.Allocate(100, allocator));

    private sealed class Keeper(RevivedHandleTests test, SafeNativeBuffer handle)
    {
        ~Keeper() => test._revived = handle;
    }

    /// <summary>Looks how the handle has ended when its block is freed.</summary>
    private sealed class LookingAllocator(RevivedHandleTests test) : NativeAllocator("Looking")
    {
        private static readonly FieldInfo s_end = typeof(SafeNativeBuffer).GetField("_end", BindingFlags.Instance | BindingFlags.NonPublic)!;
        private int _frees;

        public int Frees => Volatile.Read(ref _frees);

        public object? EndAtFree { get; private set; }

        protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) => Malloc.Allocate(byteCount, alignment);

        protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
        {
            EndAtFree = test._revived is { } handle ? s_end.GetValue(handle) : null;
            Malloc.Free(block, byteCount, alignment);
            Interlocked.Increment(ref _frees);
        }
    }
}
