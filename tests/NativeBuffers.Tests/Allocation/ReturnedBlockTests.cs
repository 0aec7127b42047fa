using System.Runtime.Intrinsics;
using NativeBuffers.Tests.Interop;

namespace NativeBuffers.Tests.Allocation;

/// <summary>Blocks that a user's allocator or C function returns are checked. A refused block is neither lost nor freed twice.</summary>
[Collection(ProcessWide.Name)]
public sealed class ReturnedBlockTests
{
    /// <summary>The error of functions like <c>mmap</c>; the last page, where no block of two pages fits; an odd address there.</summary>
    public static TheoryData<long> Impossible => [-1, -4096, -4088];

    [Theory]
    [InlineData(8)]
    [InlineData(1)]
    public unsafe void A_resized_block_at_a_wrong_alignment_is_moved_to_a_right_one(int offset)
    {
        Needs.BareBlocks();
        NativeAllocator hostile = HostileHeap.Open();
        HostileHeap.ResizeOffset = offset;
        using (var buffer = NativeBuffer.Create<Vector128<long>>(4, hostile))
        {
            buffer[3] = Vector128.Create(77L);
            buffer.Resize(40);
            Assert.Equal((0, 77, 0), ((nint)buffer.Pointer % 16, buffer[3][0], buffer[39][1]));
            buffer.Resize(4);
            Assert.Equal((0, 77), ((nint)buffer.Pointer % 16, buffer[3][0]));
        }

        using (var owner = NativeMemoryOwner<long>.Create(4, hostile))
        {
            owner.GetSpan()[3] = 77;
            owner.Resize(5000);
            using Borrow<long> borrow = owner.Borrow();
            fixed (long* first = borrow.Span)
            {
                Assert.Equal((0, 77, 0), ((nint)first % 16, borrow[3], borrow[4999]));
            }
        }

        using (var list = new NativeList<long>(1, hostile))
        {
            list.AddRange([.. Enumerable.Range(0, 100).Select(static number => (long)number)]);
            using Borrow<long> borrow = list.Borrow();
            fixed (long* first = borrow.Span)
            {
                Assert.Equal((0, 99), ((nint)first % 16, borrow[99]));
            }
        }

        // Where there is no right one, the block is kept as it is.
        using (var buffer = NativeBuffer.Create<long>(4, hostile))
        {
            buffer[3] = 77;
            HostileHeap.AllocateResult = offset == 8 ? 0 : null;
            HostileHeap.AllocateOffset = 8;
            buffer.Resize(400);
            Assert.Equal((400, 77, 0), (buffer.Length, buffer[3], buffer[399]));
            Assert.Equal(1, HostileHeap.LiveBlocks);
        }

        AssertNothingIsLost();
    }

    [Theory]
    [InlineData(16, false)]
    [InlineData(64, false)]
    [InlineData(16, true)]
    [InlineData(64, true)]
    public unsafe void A_bare_block_with_a_wrong_alignment_is_replaced_by_a_right_one(int alignment, bool isUninitialized)
    {
        NativeAllocator hostile = HostileHeap.Open();
        HostileHeap.ResizeOffset = 8;
        byte* block = (byte*)hostile.Allocate(64, (nuint)alignment);
        block[63] = 77;
        byte* resized = isUninitialized
            ? (byte*)hostile.TryResizeUninitialized(block, 64, 640, (nuint)alignment)
            : (byte*)hostile.Resize(block, 64, 640, (nuint)alignment);
        Assert.Equal((0, 77), ((nint)resized % alignment, (int)resized[63]));
        hostile.Free(resized, 640, (nuint)alignment);
        AssertNothingIsLost();
    }

    [Theory]
    [MemberData(nameof(Impossible))]
    public unsafe void An_address_whose_block_would_pass_the_end_of_all_addresses_is_neither_used_nor_freed(long address)
    {
        NativeAllocator hostile = HostileHeap.Open();
        HostileHeap.AllocateResult = (nint)address;
        InvalidOperationException told = Assert.Throws<InvalidOperationException>(() => NativeBuffer.Create<byte>(8192, hostile).Dispose());
        Assert.Contains("hostile", told.Message);
        Assert.Contains("FFFFF", told.Message);
        Assert.Throws<InvalidOperationException>(() => { _ = hostile.AllocateUninitialized(8192, 64); });
        Assert.Throws<InvalidOperationException>(() => new NativeList<int>(3000, hostile));
        AssertNothingIsLost();

        var own = new HostileAllocator { AllocateResult = (nint)address };
        Assert.Throws<InvalidOperationException>(() => NativeBuffer.CreateUninitialized<byte>(8192, own).Dispose());
        Assert.Equal(0, own.Mistakes);
    }

    [Theory]
    [MemberData(nameof(Impossible))]
    public unsafe void A_block_that_was_resized_to_such_an_address_is_unchanged(long address)
    {
        Needs.BareBlocks();
        NativeAllocator hostile = HostileHeap.Open();
        using (var owner = NativeMemoryOwner<long>.Create(4, hostile))
        {
            owner.GetSpan()[3] = 77;
            HostileHeap.ResizeResult = (nint)address;
            Assert.Throws<InvalidOperationException>(() => owner.Resize(5000));
            Assert.Equal((4, 77), (owner.Length, owner.GetSpan()[3]));
        }

        byte* block = (byte*)hostile.Allocate(64, 64);
        Assert.Throws<InvalidOperationException>(() => { _ = hostile.Resize(block, 64, 8192, 64); });
        hostile.Free(block, 64, 64);
        AssertNothingIsLost();
    }

    [Fact]
    public void A_users_own_allocator_is_looked_at_as_well()
    {
        var own = new HostileAllocator { AllocateOffset = 8 };
        Assert.Throws<InvalidOperationException>(() => NativeBuffer.Create<byte>(10, own).Dispose());
        Assert.Throws<InvalidOperationException>(() => new NativeList<int>(10, own.WithLimit(1000)));
        Assert.Throws<InvalidOperationException>(() => SafeStrictBuffer.Allocate(10, own).Dispose());
        Assert.Equal((0, 0), (own.LiveBlocks, own.Mistakes));

        own.AllocateOffset = 0;
        using (var buffer = NativeBuffer.Create<long>(4, own))
        {
            buffer[3] = 77;
            own.AllocateOffset = 8;
            try
            {
                buffer.Resize(400);
                Assert.Fail("The block that the growth copies to is at a wrong alignment.");
            }
            catch (InvalidOperationException)
            {
                Assert.Equal((4, 77), (buffer.Length, buffer[3]));
            }

            own.AllocateOffset = 0;
            own.ResizesItself = true;
            own.ResizeOffset = 8;
            buffer.Resize(400);
            unsafe
            {
                // SAFETY: the address is not followed.
                Assert.Equal((0, 77, 0), ((nint)buffer.Pointer % 16, buffer[3], buffer[399]));
            }
        }

        Assert.Equal((0, 0), (own.LiveBlocks, own.Mistakes));

        NativeAllocator hostile = HostileHeap.Open(canResize: false);
        using (var owner = NativeMemoryOwner<long>.Create(4, hostile))
        {
            owner.GetSpan()[3] = 77;
            HostileHeap.AllocateOffset = 8;
            Assert.Throws<InvalidOperationException>(() => owner.Resize(5000));
            Assert.Equal((4, 77), (owner.Length, owner.GetSpan()[3]));
        }

        AssertNothingIsLost();
    }

    [Fact]
    public void Budgets_and_trackers_around_it_count_its_outcome()
    {
        Needs.BareBlocks();
        NativeAllocator hostile = HostileHeap.Open();
        NativeMemoryBudget budget = hostile.WithBudget(new() { Limit = 100_000 });
        HostileHeap.ResizeOffset = 8;
        using (var owner = NativeMemoryOwner<byte>.Create(100, budget.WithTracking()))
        {
            owner.Resize(1000);
            Assert.Equal(1000, budget.UsedBytes);
            HostileHeap.ResizeResult = -1;
            Assert.Throws<InvalidOperationException>(() => owner.Resize(2000));
            Assert.Equal((1000, 1000), (owner.Length, budget.UsedBytes));
        }

        Assert.Equal(0, budget.UsedBytes);
        AssertNothingIsLost();
    }

    [Fact]
    public unsafe void A_checked_allocator_that_returns_a_block_in_use_is_reported()
    {
        NativeAllocator hostile = HostileHeap.Open();
        NativeAllocator guard = hostile.WithGuards(GuardMode.Checked);
        using (var first = NativeMemoryOwner<byte>.Create(1000, guard))
        {
            nint address = HostileHeap.AnyBlock;
            foreach (nint distance in (nint[])[0, 16, 256, -256])
            {
                HostileHeap.AllocateResult = address + distance;
                NativeMemoryViolationException told = Assert.Throws<NativeMemoryViolationException>(
                    () => NativeMemoryOwner<byte>.CreateUninitialized(1000, guard).Dispose());
                Assert.Equal(NativeMemoryViolationKind.Overlap, told.Violation.Kind);
                Assert.Contains(nameof(ReturnedBlockTests), told.Violation.AllocatedAt);
            }

            HostileHeap.AllocateResult = null;
            Assert.Equal(1000, first.GetSpan().Count((byte)0));
        }

        using (var again = NativeMemoryOwner<byte>.Create(1000, guard))
        {
            Assert.Equal(1000, again.Length);
        }

        Assert.Equal(0, HostileHeap.Mistakes);
    }

    [Fact]
    public unsafe void Blocks_that_come_from_C_at_such_addresses_are_neither_adopted_nor_read()
    {
        Assert.Throws<InvalidOperationException>(() => { _ = NativeMemoryOwner<byte>.Adopt((byte*)-1, 10, NativeAllocator.Malloc); });
        var handle = new SafeStrictBuffer();
        handle.Return((void*)-4096);
        Assert.Throws<InvalidOperationException>(() => handle.Initialize(8192));
        Assert.Throws<InvalidOperationException>(() => handle.Initialize<long>(1024));
        handle.SetHandleAsInvalid();
    }

    [Fact]
    public unsafe void An_allocator_that_throws_when_it_gets_its_misaligned_block_back_loses_that_and_no_other()
    {
        Needs.BareBlocks();
        var own = new HostileAllocator { ResizesItself = true, ResizeOffset = 8, RefusesMisaligned = true };
        using (var owner = NativeMemoryOwner<long>.Create(4, own))
        {
            owner.GetSpan()[3] = 77;
            owner.Resize(400);
            Assert.Equal((400, 77L, 0L), (owner.Length, owner.GetSpan()[3], owner.GetSpan()[399]));
        }

        Assert.Equal((1, 0), (own.LiveBlocks, own.Mistakes));
    }

    [Theory]
    [InlineData(-4096)]
    [InlineData(-22)]
    public unsafe void Error_numbers_of_the_system_are_no_blocks_however_small(long number)
    {
        NativeAllocator hostile = HostileHeap.Open();
        HostileHeap.AllocateResult = (nint)number;
        Assert.Throws<InvalidOperationException>(() => NativeBuffer.CreateUninitialized<byte>(1, hostile).Dispose());
        Assert.Throws<InvalidOperationException>(() => { _ = hostile.AllocateUninitialized(1, 64); });
        var own = new HostileAllocator { AllocateResult = (nint)number };
        Assert.Throws<InvalidOperationException>(() => NativeBuffer.CreateUninitialized<byte>(1, own).Dispose());
        Assert.Equal(0, own.Mistakes);
        AssertNothingIsLost();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(-22)]
    [InlineData(-4095)]
    public unsafe void An_error_number_that_a_native_method_returned_gives_a_handle_without_a_block(long number)
    {
        var allocator = new RecordingAllocator();
        using (var handle = new SafeStrictBuffer(allocator))
        {
            handle.Return((void*)number);
            Assert.True(handle.IsInvalid);
            Assert.Throws<ObjectDisposedException>(() => handle.Initialize(1));
            Assert.Throws<ObjectDisposedException>(() => handle.ToOwner<byte>());
        }

        Assert.Empty(allocator.Mistakes);
    }

    private static void AssertNothingIsLost() => Assert.Equal((0, 0), (HostileHeap.LiveBlocks, HostileHeap.Mistakes));
}
