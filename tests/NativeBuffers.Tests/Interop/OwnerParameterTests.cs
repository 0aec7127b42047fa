using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Tests.Interop;

/// <summary>Owners and borrows as parameters of C functions: <c>memcpy</c> and <c>strlen</c> read them, <c>qsort</c> calls back.</summary>
[CorrectProgram]
public class OwnerParameterTests
{
    /// <summary>The action that <see cref="CompareAndCall"/> calls once, on the thread that sorts.</summary>
    [ThreadStatic]
    private static Action? t_duringSort;

    [Fact]
    public void C_reads_and_writes_the_memory_of_each_kind()
    {
        using var owner = NativeMemoryOwner<byte>.CreateFrom("some text\0"u8);
        using PooledBuffer<byte> rented = NativeMemoryPool<byte>.Shared.RentBuffer(10);
        using var buffer = NativeBuffer.Create<byte>(10);
        using var list = new NativeList<byte>(10);
        list.AddRange(new byte[10]);

        Assert.Equal(9u, CLibrary.LengthOfText(owner));
        CLibrary.Copy(rented, owner, 10);
        using (Borrow<byte> bytes = rented.Borrow())
        {
            CLibrary.Copy(buffer, bytes, 10);
            using Borrow<byte> items = list.Borrow();
            CLibrary.Copy(items, bytes, 10);
        }

        Assert.True(rented.AsSpan().SequenceEqual("some text\0"u8));
        Assert.True(buffer.AsSpan().SequenceEqual("some text\0"u8));
        Assert.Equal(rented.AsSpan(), list.AsSpan());
    }

    [Fact]
    public void C_reads_a_mapped_file()
    {
        using var folder = new TemporaryFolder();
        using var file = MappedFile<byte>.OpenRead(folder.FileOf("some text\0"u8));
        using ReadOnlyBorrow<byte> bytes = file.BorrowReadOnly();
        Assert.Equal(9u, CLibrary.LengthOfText(bytes));
    }

    [Fact]
    public void A_null_reference_is_a_null_pointer()
    {
        Assert.Equal(0, CLibrary.Copy((NativeMemoryOwner<byte>?)null, null, 0));
        using var empty = NativeMemoryOwner<byte>.Create(0);
        Assert.NotEqual(0, CLibrary.Copy(empty, empty, 0));
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0002", Justification = "The test uses owners that have ended, which must refuse.")]
    [SuppressMessage("Ownership", "NB0005", Justification = "The test is about a copy, too.")]
    public void A_disposed_owner_does_not_reach_C()
    {
        var owner = NativeMemoryOwner<byte>.Create(10);
        PooledBuffer<byte> rented = NativeMemoryPool<byte>.Shared.RentBuffer(10);
        NativeBuffer<byte> buffer = NativeBuffer.Create<byte>(10);
        NativeBuffer<byte> copy = buffer;
        Borrow<byte> borrow = owner.Borrow();
        Borrow<byte> copyOfBorrow = borrow;
        borrow.Dispose();
        owner.Dispose();
        rented.Dispose();
        buffer.Dispose();

        Assert.Throws<ObjectDisposedException>(() => CLibrary.LengthOfText(owner));
        Assert.Throws<ObjectDisposedException>(() => CLibrary.Copy(rented, owner, 1));
        AssertRefused(copy);

        static void AssertRefused(NativeBuffer<byte> stale)
        {
            try
            {
                _ = CLibrary.LengthOfText(stale);
                Assert.Fail("C was called.");
            }
            catch (ObjectDisposedException)
            {
                // Right: a lambda cannot hold a ref struct, so there is no Assert.Throws.
            }
        }
    }

    [Fact]
    public void A_refused_second_parameter_ends_the_borrow_of_the_first()
    {
        using var first = NativeMemoryOwner<byte>.Create(10);
        var second = NativeMemoryOwner<byte>.Create(10);
        second.Dispose();
        Assert.Throws<ObjectDisposedException>(() => CLibrary.Copy(first, second, 1));
        first.Resize(20);
    }

    [Fact]
    public unsafe void An_owner_disposed_while_C_sorts_it_is_freed_when_C_returns()
    {
        var allocator = new RecordingAllocator();
        NativeMemoryOwner<int> items = Descending(allocator);
        long liveDuringSort = 0;
        t_duringSort = () =>
        {
            items.Dispose();
            liveDuringSort = allocator.LiveBlocks;
        };
        CLibrary.Sort(items, 100, 4, &CompareAndCall);
        Assert.Equal((1, 0), (liveDuringSort, allocator.LiveBlocks));
    }

    [Fact]
    public unsafe void An_owner_is_not_resized_while_C_sorts_it()
    {
        using NativeMemoryOwner<int> items = Descending(NativeAllocator.Default);
        t_duringSort = () => Assert.Throws<InvalidOperationException>(() => items.Resize(200));
        CLibrary.Sort(items, 100, 4, &CompareAndCall);
        items.Resize(200);
        Assert.Equal(Enumerable.Range(0, 100), items.Memory[..100].ToArray());
    }

    private static NativeMemoryOwner<int> Descending(NativeAllocator allocator) =>
        NativeMemoryOwner<int>.CreateFrom([.. Enumerable.Range(0, 100).Reverse()], allocator);

    [System.Runtime.InteropServices.UnmanagedCallersOnly]
    private static unsafe int CompareAndCall(int* left, int* right)
    {
        Interlocked.Exchange(ref t_duringSort, null)?.Invoke();
        return left->CompareTo(*right);
    }
}
