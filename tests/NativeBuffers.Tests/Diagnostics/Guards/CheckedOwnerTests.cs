using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Diagnostics.Guards;

/// <summary>A violation that is found during a disposal is reported to listeners, and never thrown.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public class CheckedOwnerTests
{
    private const string Here = nameof(CheckedOwnerTests) + ".cs:";

    private static readonly NativeAllocator s_guard = NativeAllocator.Malloc.WithGuards(GuardMode.Checked);

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(4096)]
    [InlineData(100_000)]
    public void A_byte_written_after_a_scoped_buffer_is_reported_with_its_line(int length)
    {
        NativeMemoryViolation found = FindOne(
            () =>
            {
                using var buffer = NativeBuffer.Create<byte>(length, s_guard);
                Write(buffer.AsSpan(), length);
            });
        Assert.Equal((NativeMemoryViolationKind.Overflow, (long)length), (found.Kind, found.ByteCount));
        Assert.StartsWith(Here, found.AllocatedAt);
        Assert.Contains($"Overflow: 1 byte past a {length:N0}-byte block was overwritten. Allocated at {Here}", found.Message);
        Assert.NotEmpty(found.FreedAt);
    }

    [Fact]
    public void A_byte_written_before_an_owner_is_reported()
    {
        NativeMemoryViolation found = FindOne(
            static () =>
            {
                using var owner = NativeMemoryOwner<byte>.Create(100, s_guard);
                Write(owner.Memory.Span, -1);
            });
        Assert.Equal(NativeMemoryViolationKind.Underflow, found.Kind);
        Assert.StartsWith(Here, found.AllocatedAt);
    }

    [Fact]
    public void A_write_after_a_list_is_reported()
    {
        NativeMemoryViolation found = FindOne(
            static () =>
            {
                using var list = new NativeList<long>(10, s_guard);
                for (int i = 0; i < 10; i++)
                {
                    list.Add(i);
                }

                Write(MemoryMarshal.AsBytes(list.AsSpan()), (int)list.Capacity * 8);
            });
        Assert.Equal(NativeMemoryViolationKind.Overflow, found.Kind);
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0004", Justification = "The guard must report the write.")]
    public void A_write_through_a_span_of_a_disposed_buffer_is_reported_before_the_block_is_used_again()
    {
        List<NativeMemoryViolation> found = Listen(
            static () =>
            {
                Span<byte> stale = Stale();
                stale[50] = 1;
                for (int i = 0; i < 1000; i++)
                {
                    NativeBuffer.Create<byte>(100, s_guard).Dispose();
                }
            });
        NativeMemoryViolation one = Assert.Single(found);
        Assert.Equal(NativeMemoryViolationKind.WriteAfterFree, one.Kind);
        Assert.StartsWith(Here, one.AllocatedAt);
        Assert.Contains("from byte 50 on", one.Message);

        static unsafe Span<byte> Stale()
        {
            using var buffer = NativeBuffer.Create<byte>(100, s_guard);
            return new Span<byte>(buffer.Pointer, 100);
        }
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0004", Justification = "The guard must report the write.")]
    public void A_write_through_a_span_from_before_a_resize_is_reported()
    {
        List<NativeMemoryViolation> found = Listen(
            static () =>
            {
                var buffer = NativeBuffer.Create<byte>(100, s_guard);
                unsafe
                {
                    byte* stale = buffer.Pointer;
                    buffer.Resize(101);
                    Assert.True(stale != buffer.Pointer);
                    *stale = 1;
                }

                buffer.Dispose();
                NativeMemoryGuard.Check();
            });
        Assert.Equal(NativeMemoryViolationKind.WriteAfterFree, Assert.Single(found).Kind);
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0003", Justification = "A copy is disposed, too, which a guard must not report.")]
    [SuppressMessage("Ownership", "NB0005", Justification = "The test is about a copy.")]
    public void A_guard_reports_no_second_disposal_of_a_copy()
    {
        Assert.SkipWhen(Needs.Instrumentation.Length > 0, "An instrumented process reports the second disposal: see DoubleDisposalTests.");
        Assert.Empty(
            Listen(
                static () =>
                {
                    var buffer = NativeBuffer.Create<byte>(100, s_guard);
                    NativeBuffer<byte> copy = buffer;
                    buffer.Dispose();
                    copy.Dispose();
                }));
    }

    [Fact]
    public void Each_violation_is_counted()
    {
        long before = NativeMemoryGuard.ViolationCount;
        _ = FindOne(
            static () =>
            {
                using var buffer = NativeBuffer.Create<byte>(3, s_guard);
                Write(buffer.AsSpan(), 3);
            });
        Assert.Equal(before + 1, NativeMemoryGuard.ViolationCount);
    }

    [Fact]
    public void A_listeners_exception_does_not_reach_the_disposing_thread()
    {
        Action<NativeMemoryViolation> thrower = static _ => throw new InvalidOperationException();
        NativeMemoryGuard.ViolationFound += thrower;
        try
        {
            using var buffer = NativeBuffer.Create<byte>(3, s_guard);
            Write(buffer.AsSpan(), 3);
        }
        finally
        {
            NativeMemoryGuard.ViolationFound -= thrower;
        }
    }

    [Fact]
    public unsafe void A_block_that_an_owner_releases_is_freed_by_the_guard()
    {
        byte* block = NativeMemoryOwner<byte>.Create(100, s_guard).Release();
        block[99] = 1;
        Assert.Empty(Listen(() => s_guard.Free(block, 100)));
        Assert.Throws<NativeMemoryViolationException>(() => s_guard.Free(block, 100));
    }

    [Fact]
    public async Task Threads_free_each_others_blocks()
    {
        List<NativeMemoryViolation> found = [];
        Action<NativeMemoryViolation> listener = found.Add;
        NativeMemoryGuard.ViolationFound += listener;
        using var barrier = new Barrier(2);
        var exchanged = new NativeMemoryOwner<byte>[2][];
        Task[] tasks = [.. Enumerable.Range(0, 2).Select(me => Task.Run(() => Work(me)))];
        await Task.WhenAll(tasks);
        NativeMemoryGuard.ViolationFound -= listener;
        Assert.Empty(found);

        void Work(int me)
        {
            for (int round = 0; round < 50; round++)
            {
                exchanged[me] = [.. Enumerable.Range(0, 100).Select(i => NativeMemoryOwner<byte>.Create((i * 7) + 1, s_guard))];
                barrier.SignalAndWait();
                foreach (NativeMemoryOwner<byte> owner in exchanged[1 - me])
                {
                    owner.Dispose();
                }

                // A check looks at all blocks of all guards, those of earlier tests too.
                if (me == 0 && round % 10 == 0)
                {
                    NativeMemoryGuard.Check();
                }

                barrier.SignalAndWait();
            }
        }
    }

    [Fact]
    public void Checks_that_run_while_a_thread_works_find_nothing()
    {
        bool isOver = false;
        List<NativeMemoryViolation> found = Listen(
            () =>
            {
                var worker = new Thread(
                    () =>
                    {
                        while (!Volatile.Read(ref isOver))
                        {
                            using var small = NativeBuffer.Create<byte>(64, s_guard);
                            using var large = NativeBuffer.Create<byte>(50_000, s_guard);
                            small.Fill(1);
                            large[49_999] = 1;
                        }
                    });
                worker.Start();
                int checks = 0;
                for (var watch = Stopwatch.StartNew(); Race.GoesOn(watch, checks >= 5); checks++)
                {
                    NativeMemoryGuard.Check();
                }

                Volatile.Write(ref isOver, true);
                worker.Join();
            });
        Assert.Empty(found);
    }

    [Fact]
    public void Blocks_that_a_thread_kept_are_checked_when_it_has_ended()
    {
        List<NativeMemoryViolation> found = Listen(
            static () =>
            {
                var thread = new Thread(Spoil);
                thread.Start();
                thread.Join();
                for (int i = 0; i < 10; i++)
                {
                    GC.Collect();
                    GC.WaitForPendingFinalizers();
                }
            });
        Assert.Equal(NativeMemoryViolationKind.WriteAfterFree, Assert.Single(found).Kind);

        static unsafe void Spoil()
        {
            byte* block = (byte*)s_guard.Allocate(100);
            s_guard.Free(block, 100);
            block[3] = 1;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Write(Span<byte> span, int index) => Unsafe.Add(ref MemoryMarshal.GetReference(span), index) ^= 0x55;

    private static NativeMemoryViolation FindOne(Action action) => Assert.Single(Listen(action));

    private static List<NativeMemoryViolation> Listen(Action action)
    {
        List<NativeMemoryViolation> found = [];
        Action<NativeMemoryViolation> listener = found.Add;
        NativeMemoryGuard.ViolationFound += listener;
        try
        {
            action();
        }
        finally
        {
            NativeMemoryGuard.ViolationFound -= listener;
        }

        return found;
    }
}
