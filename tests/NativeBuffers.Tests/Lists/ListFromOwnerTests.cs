using System.Buffers;
using System.Runtime.InteropServices;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Tests.Lists;

/// <summary>A list that takes over the block of an owner.</summary>
[CorrectProgram]
public class ListFromOwnerTests
{
    public static TheoryData<NativeAllocator> Allocators =>
    [
        NativeAllocator.Default, NativeAllocator.Malloc, NativeAllocator.Pages, NativeAllocator.PinnedHeap, NativeAllocator.Aligned(256),
        NativeAllocator.Default.WithLimit(1 << 20), NativeAllocator.Malloc.WithTracking(),
    ];

    [Theory]
    [MemberData(nameof(Allocators))]
    public void It_has_the_elements_of_the_owner_and_grows(NativeAllocator allocator)
    {
        NativeMemoryOwner<int> owner = NativeMemoryOwner.CreateFrom([1, 2, 3], allocator);
        Memory<int> memory = owner.Memory;
        bool isOfArray = MemoryMarshal.TryGetArray<int>(memory, out _);
        using NativeList<int> list = NativeList.FromOwner(owner);
        Assert.True(owner.IsDisposed);
        Assert.Equal([1, 2, 3], list);
        Assert.InRange(list.Capacity, 3, 16_384);
        for (int i = 4; i <= 10_000; i++)
        {
            list.Add(i);
        }

        Assert.Equal(Enumerable.Range(1, 10_000), list);
        using NativeMemoryOwner<int> again = list.ToOwner();
        Assert.Equal(10_000, again.Length);
        if (isOfArray)
        {
            // A guard overwrites freed blocks, and the array stays.
            Assert.Equal(3, memory.Span.Length);
            Assert.True(InstrumentationSwitch.Guard != GuardMode.Off || memory.Span[2] == 3);
        }
        else
        {
            Assert.Throws<ObjectDisposedException>(() => memory.Span.Length);
        }
    }

    [Fact]
    public void Nothing_is_copied()
    {
        NativeMemoryOwner<int> owner = NativeMemoryOwner.Create<int>(100);
        unsafe
        {
            using MemoryHandle pin = owner.Pin();
            nint start = (nint)pin.Pointer;
            pin.Dispose();
            using NativeList<int> list = NativeList.FromOwner(owner);
            fixed (int* first = list.AsSpan())
            {
                Assert.Equal(start, (nint)first);
            }
        }
    }

    [Fact]
    public void An_owner_without_elements_becomes_an_empty_list()
    {
        using NativeList<int> list = NativeList.FromOwner(NativeMemoryOwner.Create<int>(0));
        Assert.Empty(list);
        list.Add(1);
        Assert.Equal([1], list);
    }

    [Fact]
    public void An_owner_in_use_stays_as_it_is()
    {
        using NativeMemoryOwner<int> owner = NativeMemoryOwner.CreateFrom<int>([1, 2]);
        using (owner.Borrow())
        {
            Assert.Throws<InvalidOperationException>(() => { NativeList.FromOwner(owner).Dispose(); });
        }

        using (owner.Pin())
        {
            Assert.Throws<InvalidOperationException>(() => { NativeList.FromOwner(owner).Dispose(); });
        }

        Assert.Equal([1, 2], owner.ToArray());
    }

    [Fact]
    public void An_owner_that_is_over_is_refused()
    {
        NativeMemoryOwner<int> owner = NativeMemoryOwner.Create<int>(2);
        using NativeList<int> list = NativeList.FromOwner(owner);
        Assert.Throws<ObjectDisposedException>(() => { NativeList.FromOwner(owner).Dispose(); });
        Assert.Throws<ArgumentNullException>(() => { NativeList.FromOwner<int>(null!).Dispose(); });
        Assert.Equal(2, list.Count);
    }
}
