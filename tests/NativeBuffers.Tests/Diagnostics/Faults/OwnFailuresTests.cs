namespace NativeBuffers.Tests.Diagnostics.Faults;

/// <summary>The library under its own fault injection: each allocation of each owner fails once, from each allocator.</summary>
public class OwnFailuresTests
{
    private static readonly FaultInjectionOptions s_options = new();

    public static TheoryData<string, string> Cases =>
        [.. from body in Bodies.All.Keys
            from allocator in new[] { "Default", "Malloc", "Aligned", "Pages", "PinnedHeap", "Custom", "Budget" } select (body, allocator)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_failed_allocation_throws_and_nothing_is_lost(string body, string allocator)
    {
        NativeMemoryBudget budget = NativeAllocator.Malloc.WithBudget(new());
        NativeAllocator? chosen = allocator switch
        {
            "Default" => null,
            "Malloc" => NativeAllocator.Malloc,
            "Aligned" => NativeAllocator.Aligned(4096),
            "Pages" => NativeAllocator.Pages,
            "PinnedHeap" => NativeAllocator.PinnedHeap,
            "Budget" => budget,
            _ => new RecordingAllocator(),
        };
        FaultInjection.ForEachFailure(() => Bodies.All[body](chosen), s_options);
        Assert.Equal(0, budget.UsedBytes);
        (chosen as RecordingAllocator)?.AssertAllFreed();
    }

    /// <summary>Not the owner's first allocator, but the allocator of the pool.</summary>
    [Fact]
    public void A_pool_whose_allocator_fails_throws_and_stays_usable()
    {
        var behind = new RecordingAllocator();
        for (int failing = 1; failing < 12; failing++)
        {
            var plan = FaultPlan.FailNth(failing);
            using (var pool = new NativeMemoryPool<int>(new NativePoolOptions { Allocator = behind.WithFaults(plan) }))
            {
                for (int i = 0; i < 10; i++)
                {
                    long failures = plan.FailureCount;
                    try
                    {
                        using PooledBuffer<int> buffer = pool.RentBuffer(100 << i);
                        buffer.AsSpan().Fill(i);
                        Assert.Equal(failures, plan.FailureCount);
                    }
                    catch (OutOfMemoryException)
                    {
                        Assert.Equal(failures + 1, plan.FailureCount);
                    }
                }
            }

            behind.AssertAllFreed();
        }
    }

    [Fact]
    public void Handles_that_get_no_block_or_cannot_hand_it_on_lose_nothing()
    {
        Try(SafeMallocBuffer.Allocate);
        Try(SafeHGlobalBuffer.Allocate);
        Try(SafeCoTaskMemBuffer.Allocate);
        Try(SafePagesBuffer.Allocate);
        Try(static byteCount => SafeAlignedBuffer.Allocate(byteCount));

        static void Try(Func<long, SafeNativeBuffer> allocate) => FaultInjection.ForEachFailure(() =>
        {
            using SafeNativeBuffer handle = allocate(400);
            handle.Write(0, 7);
            using NativeMemoryOwner<int> owner = handle.ToOwner<int>();
            owner.Resize(1000);
            Assert.Equal(7, owner.GetSpan()[0]);
        });
    }

    [Fact]
    public void A_handle_made_of_an_owner_loses_nothing() => FaultInjection.ForEachFailure(static () =>
    {
        using NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.CreateFrom([7], NativeAllocator.Malloc);
        using SafeMallocBuffer handle = SafeMallocBuffer.FromOwner(owner);
        using var stream = new UnmanagedMemoryStream(handle, 0, 4);
        Assert.Equal(7, stream.ReadByte());
    });

    [Fact]
    public Task Files_read_into_owners_lose_nothing() => FaultInjection.ForEachFailureAsync(static async () =>
    {
        using var file = File.OpenHandle(typeof(OwnFailuresTests).Assembly.Location);
        using var first = NativeMemoryOwner<byte>.Create(1000);
        using var second = NativeMemoryOwner<byte>.Create(100_000, NativeAllocator.Pages);
        Assert.Equal(101_000, await NativeRandomAccess.ReadAsync(file, [first, second], 0));
        second.Resize(200_000);
        Assert.Equal((byte)'M', first.Memory.Span[0]);
    });

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    public void Random_failures_lose_nothing(double fraction)
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var behind = new RecordingAllocator();
            NativeAllocator allocator = behind.WithFaults(FaultPlan.FailFraction(fraction, seed));
            foreach (Action<NativeAllocator?> body in Bodies.All.Values)
            {
                try
                {
                    body(allocator);
                }
                catch (OutOfMemoryException)
                {
                }
            }

            behind.AssertAllFreed();
        }
    }
}
