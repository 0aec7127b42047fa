using System.Reflection;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Tests.Interop;

/// <summary>A handle that a finalizer of the program's makes reachable again, while the handle's own finalizer frees its block.</summary>
[Collection(ProcessWide.Name)]
public sealed class RevivedHandleTests
{
    private static readonly FieldInfo s_end = typeof(SafeNativeBuffer).GetField("_end", BindingFlags.Instance | BindingFlags.NonPublic)!;

    private SafeNativeBuffer? _revived;

    [Fact]
    public void Before_the_finalizer_frees_a_block_it_is_settled_that_the_block_becomes_no_owners()
    {
        object? endAtFree = null;
        var allocator = new CallingAllocator(beforeFree: () => endAtFree = _revived is { } handle ? s_end.GetValue(handle) : null);

        // A collection between the two allocations would make the keeper die first.
        using (NoCollections.Begin())
        {
            Forget(allocator);
        }

        Collector.Until(() => allocator.Frees > 0);
        Assert.Equal(1, allocator.Frees);

        // A thread that makes an owner of the handle, and has found it open before, competes for this field.
        Assert.NotNull(endAtFree);
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
}
