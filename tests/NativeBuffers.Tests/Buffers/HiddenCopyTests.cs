using System.Diagnostics.CodeAnalysis;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Tests.Buffers;

/// <summary>A copy that the compiler made is resized, and is gone: the buffer itself notices, and gives the memory back.</summary>
[SuppressMessage("Ownership", "NB0003", Justification = "Each disposal but one must free nothing.")]
[SuppressMessage("Ownership", "NB0005", Justification = "Hidden copies are the subject.")]
public class HiddenCopyTests
{
    [Fact]
    public void A_buffer_that_was_resized_through_an_in_parameter_throws_and_gives_the_block_back()
    {
        var allocator = new RecordingAllocator();
        using (var buffer = NativeBuffer.Create<int>(16, allocator))
        {
            Grow(in buffer, 1_000_000);
            AssertStale(in buffer);
            Assert.Equal(1, allocator.LiveBlocks);
        }

        allocator.AssertAllFreed();
        Assert.Equal(0, allocator.LiveBlocks);
    }

    [Theory]
    [InlineData(16, 20)]
    [InlineData(16, 100)]
    [InlineData(16, 1_000_000)]
    [InlineData(1_000_000, 16)]
    [InlineData(1_000_000, 2_000_000)]
    public void Blocks_of_the_default_allocator_come_back_to_the_thread(int length, int newLength)
    {
        Needs.Caches();
        long before = Environment.WorkingSet;
        for (int i = 0; i < 400; i++)
        {
            using var buffer = NativeBuffer.CreateUninitialized<int>(length);
            Grow(in buffer, newLength);
        }

        // Not four hundred times four megabytes.
        Assert.InRange(Environment.WorkingSet - before, long.MinValue, 800_000_000);
        nint first;
        using (var buffer = NativeBuffer.CreateUninitialized<int>(length))
        {
            first = AddressAfterGrowing(in buffer, newLength);
        }

        if (newLength <= 16_384)
        {
            using var next = NativeBuffer.CreateUninitialized<int>(newLength);
            Assert.Equal(first, AddressOf(in next));
        }
    }

    [Fact]
    public void A_readonly_field_is_a_copy_too()
    {
        var allocator = new RecordingAllocator();
        var wrapper = new Wrapper(16, allocator);
        wrapper.Grow();
        Assert.True(wrapper.IsDisposed);
        wrapper.Dispose();
        allocator.AssertAllFreed();
        Assert.Equal(0, allocator.LiveBlocks);
    }

    [Fact]
    public void The_copy_of_a_using_statement_frees_the_block_that_was_resized_within()
    {
        var allocator = new RecordingAllocator();
        var buffer = NativeBuffer.Create<int>(16, allocator);
        using (buffer)
        {
            for (int length = 20; length < 5000; length *= 3)
            {
                buffer.Resize(length);
            }

            buffer[^1] = 1;
        }

        Assert.True(buffer.IsDisposed);
        buffer.Dispose();
        allocator.AssertAllFreed();
        Assert.Equal(0, allocator.LiveBlocks);
    }

    [Fact]
    public void Any_copy_of_a_chain_of_resizes_gives_back_once()
    {
        for (int disposed = 0; disposed < 3; disposed++)
        {
            var allocator = new RecordingAllocator();
            var first = NativeBuffer.Create<int>(16, allocator);
            NativeBuffer<int> second = first;
            second.Resize(100);
            NativeBuffer<int> third = second;
            third.Resize(1000);
            switch (disposed)
            {
                case 0: first.Dispose(); break;
                case 1: second.Dispose(); break;
                default: third.Dispose(); break;
            }

            Assert.Equal(0, allocator.LiveBlocks);
            Assert.True(third.IsDisposed);
            third.Dispose();
            second.Dispose();
            first.Dispose();
            allocator.AssertAllFreed();
        }
    }

    [Fact]
    public void A_block_that_was_moved_handed_on_or_lent_again_is_not_freed()
    {
        var allocator = new RecordingAllocator();
        var first = NativeBuffer.Create<int>(16, allocator);
        NativeBuffer<int> copy = first;
        copy.Resize(100);
        NativeBuffer<int> moved = copy.Move();
        first.Dispose();
        moved[99] = 5;
        NativeBuffer<int> another = moved;
        another.Resize(200);
        first.Dispose();
        using (NativeMemoryOwner<int> owner = another.ToOwner())
        {
            moved.Dispose();
            first.Dispose();
            owner.Resize(300);
            moved.Dispose();
            Assert.Equal(5, owner.GetSpan()[99]);
            Assert.Equal(1, allocator.LiveBlocks);
        }

        allocator.AssertAllFreed();
        Assert.Equal(0, allocator.LiveBlocks);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_next_user_of_the_slot_keeps_its_block(bool resizes)
    {
        for (int i = 0; i < 100; i++)
        {
            var first = NativeBuffer.Create<int>(16);
            NativeBuffer<int> copy = first;
            copy.Resize(17);
            NativeBuffer<int> older = copy;
            copy.Resize(100);
            copy.Dispose();
            using var next = NativeBuffer.Create<int>(100);
            if (resizes)
            {
                NativeBuffer<int> alias = next;
                alias.Resize(101);
                first.Dispose();
                older.Dispose();
                Assert.False(alias.IsDisposed);
            }
            else
            {
                first.Dispose();
                older.Dispose();
                Assert.False(next.IsDisposed);
            }
        }
    }

    [Fact]
    public void It_is_counted_and_reported_once()
    {
        var told = new List<string>();
        int thread = Environment.CurrentManagedThreadId;
        long before = DiagnosticEvent.Leak.Count;
        DiagnosticEvent.Raised += Listen;
        try
        {
            using (var buffer = NativeBuffer.Create<int>(16))
            {
                Grow(in buffer, 100);
                NativeBuffer<int> copy = buffer;
                copy.Dispose();
            }
        }
        finally
        {
            DiagnosticEvent.Raised -= Listen;
        }

        Assert.Contains("a copy of the buffer was resized and lost", Assert.Single(told), StringComparison.Ordinal);
        Assert.True(DiagnosticEvent.Leak.Count > before);

        void Listen(DiagnosticEvent diagnostic, string message)
        {
            if (diagnostic == DiagnosticEvent.Leak && Environment.CurrentManagedThreadId == thread)
            {
                told.Add(message);
            }
        }
    }

    [Fact]
    public void A_list_that_has_left_the_stack_frees_the_block_of_its_copy()
    {
        Needs.Caches();
        var before = new List<nint>();
        Span<long> stack = stackalloc long[4];
        for (int i = 0; i < 20; i++)
        {
            using var list = new ScratchList<long>(stack);
            Fill(ref System.Runtime.CompilerServices.Unsafe.AsRef(in list), 8);
            before.Add(AddTo(in list, 1000));
            AssertStale(in list);
        }

        // One block, again and again.
        Assert.Single(before.Distinct());
    }

    private static void Fill(ref ScratchList<long> list, int count)
    {
        for (int i = 0; i < count; i++)
        {
            list.Add(i);
        }
    }

    private static nint AddTo(in ScratchList<long> list, int count)
    {
        ScratchList<long> copy = list;
        Fill(ref copy, count);
        unsafe
        {
            return (nint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref copy[0]);
        }
    }

    private static void AssertStale(in ScratchList<long> list)
    {
        bool threw = false;
        try
        {
            _ = list.AsSpan();
        }
        catch (ObjectDisposedException)
        {
            threw = true;
        }

        Assert.True(threw);
    }

    private static void Grow(in NativeBuffer<int> buffer, int length) => buffer.Resize(length);

    private static nint AddressAfterGrowing(in NativeBuffer<int> buffer, int length)
    {
        NativeBuffer<int> copy = buffer;
        copy.Resize(length);
        return AddressOf(in copy);
    }

    private static unsafe nint AddressOf(in NativeBuffer<int> buffer) => (nint)buffer.Pointer;

    private static void AssertStale(in NativeBuffer<int> buffer)
    {
        Assert.True(buffer.IsDisposed);
        string message = "";
        try
        {
            _ = buffer.AsSpan();
        }
        catch (ObjectDisposedException refusal)
        {
            message = refusal.Message;
        }

        Assert.Contains("`in` parameter", message, StringComparison.Ordinal);
    }

    private readonly ref struct Wrapper(int length, NativeAllocator allocator)
    {
        private readonly NativeBuffer<int> _buffer = NativeBuffer.Create<int>(length, allocator);

        public bool IsDisposed => _buffer.IsDisposed;

        public void Grow() => _buffer.Resize(1_000_000);

        public void Dispose() => _buffer.Dispose();
    }
}
