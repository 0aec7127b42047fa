namespace NativeBuffers.Tests.Diagnostics.Faults;

/// <summary>Which exceptions count as swallowed: the one that told of the failure, also from within other scopes.</summary>
public class SwallowedFaultTests
{
    [Fact]
    public void Another_lack_of_memory_than_the_failure_may_be_met()
    {
        FaultInjection.ForEachFailure(static () =>
        {
            if (NativeBuffer.TryCreate<byte>(10, out NativeBuffer<byte> buffer))
            {
                buffer.Dispose();
            }

            try
            {
                NativeMemoryOwner<byte>.Create(1000, NativeAllocator.Malloc.WithLimit(100)).Dispose();
            }
            catch (OutOfMemoryException exception) when (NativeMemoryRefusal.Of(exception) is not null)
            {
            }
        }, new FaultInjectionOptions { AllowsException = static _ => false });
    }

    [Fact]
    public void An_exception_of_other_code_may_be_met()
    {
        FaultInjection.ForEachFailure(static () =>
        {
            if (NativeBuffer.TryCreate<int>(4, out NativeBuffer<int> buffer))
            {
                buffer.Dispose();
            }

            try
            {
                throw new InsufficientMemoryException("Not the library's.");
            }
            catch (OutOfMemoryException)
            {
            }
        });
    }

    [Fact]
    public void A_recovery_of_a_list_does_not_excuse_an_earlier_swallowed_failure()
    {
        FaultFinding finding = Assert.Single(Assert.Throws<FaultInjectionException>(() => FaultInjection.ForEachFailure(static () =>
        {
            try
            {
                NativeMemoryOwner<int>.Create(10).Dispose();
            }
            catch (OutOfMemoryException)
            {
            }

            // Twice as much is refused by the limit, and the list goes another way.
            using var list = new NativeList<int>(8, NativeAllocator.Malloc.WithLimit(60));
            try
            {
                for (int i = 0; i < 12; i++)
                {
                    list.Add(i);
                }
            }
            catch (OutOfMemoryException exception) when (NativeMemoryRefusal.Of(exception) is not null)
            {
            }
        })).Findings, static finding => finding.FailedAllocation == 1);
        Assert.Equal(FaultFindingKind.Swallowed, finding.Kind);
    }

    [Fact]
    public void A_failure_swallowed_in_an_inner_scope_is_found()
    {
        FaultFinding finding = Assert.Single(Assert.Throws<FaultInjectionException>(static () => FaultInjection.ForEachFailure(
            static () => NativeMemoryTracker.AssertNoLeaks(static () =>
            {
                try
                {
                    NativeMemoryOwner<int>.Create(10).Dispose();
                }
                catch (OutOfMemoryException)
                {
                }
            }))).Findings);
        Assert.Equal(FaultFindingKind.Swallowed, finding.Kind);
    }

    [Fact]
    public void A_list_in_a_scope_within_may_go_another_way()
    {
        FaultInjection.ForEachFailure(static () => NativeMemoryTracker.AssertNoLeaks(static () =>
        {
            using var list = new NativeList<int>();
            for (int i = 0; i < 1000; i++)
            {
                list.Add(i);
            }
        }));
    }

    [Fact]
    public unsafe void Bare_blocks_in_a_scope_within_count()
    {
        int failures = 0;
        FaultInjection.ForEachFailure(() => NativeMemoryTracker.AssertNoLeaks(() =>
        {
            try
            {
                NativeAllocator.Malloc.Free(NativeAllocator.Malloc.Allocate(64), 64);
            }
            catch (OutOfMemoryException)
            {
                failures++;
                throw;
            }
        }));
        Assert.Equal(1, failures);
    }
}
