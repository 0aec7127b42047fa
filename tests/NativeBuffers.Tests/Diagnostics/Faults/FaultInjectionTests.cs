using System.Runtime.CompilerServices;

namespace NativeBuffers.Tests.Diagnostics.Faults;

/// <summary>Fault injection, and its findings in programs that are wrong on purpose.</summary>
public class FaultInjectionTests
{
    [Fact]
    public void A_right_body_runs_three_times_and_once_for_each_failure()
    {
        int runs = 0;
        int failures = 0;
        FaultInjection.ForEachFailure(() =>
        {
            runs++;
            try
            {
                using var first = NativeBuffer.Create<int>(10);
                using var second = NativeMemoryOwner<int>.Create(20, NativeAllocator.Malloc);
                second.Resize(30);
            }
            catch (OutOfMemoryException)
            {
                failures++;
                throw;
            }
        });
        Assert.Equal((2 + 3 + 1, 3), (runs, failures));
    }

    [Fact]
    public unsafe void Bare_blocks_count_and_so_do_handles()
    {
        int failures = 0;
        FaultInjection.ForEachFailure(() =>
        {
            try
            {
                NativeAllocator.Malloc.Free(NativeAllocator.Malloc.Allocate(10), 10);
                NativeAllocator allocator = NativeAllocator.Default;
                void* block = allocator.AllocateUninitialized(10);
                void* resized = allocator.TryResize(block, 10, 1000);
                allocator.Free(resized == null ? block : resized, resized == null ? 10u : 1000u);
                failures += resized == null ? 1 : 0;
                SafeMallocBuffer.Allocate(100).Dispose();
            }
            catch (OutOfMemoryException)
            {
                failures++;
                throw;
            }
        });
        Assert.Equal(4, failures);
    }

    [Fact]
    public void Saying_no_is_no_fault()
    {
        bool wasRefused = false;
        FaultInjection.ForEachFailure(() =>
        {
            bool isMade = NativeBuffer.TryCreate<int>(10, out NativeBuffer<int> buffer);
            wasRefused |= !isMade;
            buffer.Dispose();
        });
        Assert.True(wasRefused);
    }

    [Fact]
    public void A_leak_is_found_with_its_line_and_with_the_failure_that_led_to_it()
    {
        int line = 0;
        var kept = new List<NativeMemoryOwner<int>>();
        FaultFinding finding = Assert.Single(Find(() =>
        {
            var first = NativeMemoryOwner<int>.Create(10); line = Line();
            NativeMemoryOwner<int> second;
            try
            {
                second = NativeMemoryOwner<int>.Create(20);
            }
            catch (OutOfMemoryException)
            {
                kept.Add(first);
                throw;
            }

            first.Dispose();
            second.Dispose();
        }));
        Assert.Equal((FaultFindingKind.Leak, 2, $"FaultInjectionTests.cs:{line + 4}"), (finding.Kind, finding.FailedAllocation, finding.FailedAt));
        Assert.Equal($"40 bytes, allocated at FaultInjectionTests.cs:{line}, were not given back.", finding.Message);
        kept.ForEach(static owner => owner.Dispose());
    }

    [Fact]
    public void A_leak_without_any_failure_is_found_too()
    {
        var kept = new List<NativeMemoryOwner<int>>();
        IReadOnlyList<FaultFinding> findings = Find(() => kept.Add(NativeMemoryOwner<int>.Create(10)));
        Assert.Equal([(FaultFindingKind.Leak, 0), (FaultFindingKind.Leak, 0)], findings.Select(static finding => (finding.Kind, finding.FailedAllocation)));
        kept.ForEach(static owner => owner.Dispose());
    }

    [Fact]
    public void A_failure_that_is_swallowed_is_found_unless_that_is_allowed()
    {
        static void Body()
        {
            try
            {
                using var owner = NativeMemoryOwner<int>.Create(10, NativeAllocator.Malloc);
            }
            catch (OutOfMemoryException)
            {
            }
        }

        Assert.Equal(FaultFindingKind.Swallowed, Assert.Single(Find(Body)).Kind);
        FaultInjection.ForEachFailure(Body, new FaultInjectionOptions { AllowsRecovery = true });
    }

    [Fact]
    public void Another_exception_is_found_unless_it_is_allowed()
    {
        static void Body()
        {
            if (!NativeBuffer.TryCreate<int>(10, out NativeBuffer<int> buffer))
            {
                throw new InvalidTimeZoneException("Too late.");
            }

            buffer.Dispose();
        }

        FaultFinding finding = Assert.Single(Find(Body));
        Assert.Equal(FaultFindingKind.WrongException, finding.Kind);
        Assert.IsType<InvalidTimeZoneException>(finding.Exception);
        Assert.Contains("Too late.", finding.ToString(), StringComparison.Ordinal);
        FaultInjection.ForEachFailure(
            Body, new FaultInjectionOptions { AllowsException = static exception => exception is InvalidTimeZoneException });
    }

    [Fact]
    public void Runs_that_differ_are_found()
    {
        int run = 0;
        IReadOnlyList<FaultFinding> findings = Find(() =>
        {
            run++;
            NativeMemoryOwner<int>.Create(run).Dispose();
            NativeMemoryOwner<int>.Create(10).Dispose();
        });
        Assert.All(findings, static finding => Assert.Equal(FaultFindingKind.Differs, finding.Kind));
        Assert.Contains("asks for 12 bytes", findings[0].Message, StringComparison.Ordinal);
        Assert.Contains("in the first run, for 8 bytes", findings[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_body_that_a_failure_has_changed_is_found_by_the_last_run()
    {
        bool hasFailed = false;
        IReadOnlyList<FaultFinding> findings = Find(() =>
        {
            if (!NativeBuffer.TryCreate<int>(10, out NativeBuffer<int> buffer))
            {
                hasFailed = true;
                return;
            }

            buffer.Dispose();
            if (hasFailed)
            {
                NativeMemoryOwner<int>.Create(1).Dispose();
            }
        });
        FaultFinding finding = Assert.Single(findings);
        Assert.Equal((FaultFindingKind.Differs, 0), (finding.Kind, finding.FailedAllocation));
    }

    [Fact]
    public void A_body_without_allocations_throws()
    {
        FaultInjectionException exception = Assert.Throws<FaultInjectionException>(() => FaultInjection.ForEachFailure(static () => { }));
        Assert.Equal(FaultFindingKind.NoAllocation, Assert.Single(exception.Findings).Kind);
        Assert.StartsWith("NoAllocation: ", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void An_exception_without_an_injected_failure_comes_out_unchanged(int throwing)
    {
        int runs = 0;
        Assert.Throws<InvalidTimeZoneException>(() => FaultInjection.ForEachFailure(() =>
        {
            if (++runs == throwing)
            {
                throw new InvalidTimeZoneException();
            }
        }));
        Assert.Equal(throwing, runs);
    }

    [Fact]
    public async Task Tasks_that_a_body_awaits_and_starts_are_seen_on_every_thread()
    {
        int failures = 0;
        await FaultInjection.ForEachFailureAsync(async () =>
        {
            try
            {
                using var first = NativeMemoryOwner<int>.Create(10);
                await Task.Yield();
                using var second = NativeMemoryOwner<int>.Create(10);
                await Task.Run(static () => NativeBuffer.Create<int>(10).Dispose()).ConfigureAwait(false);
                await Task.Delay(1).ConfigureAwait(false);
                using var third = NativeMemoryOwner<int>.Create(10);
            }
            catch (OutOfMemoryException)
            {
                failures++;
                throw;
            }
        });
        Assert.Equal(4, failures);
    }

    [Fact]
    public async Task Other_threads_do_not_notice_the_faults()
    {
        bool isOver = false;
        using var begun = new ManualResetEventSlim();
        Task<long> other = Task.Run(() =>
        {
            long made = 0;
            begun.Set();
            while (!Volatile.Read(ref isOver))
            {
                NativeBuffer.Create<int>(10).Dispose();
                made++;
            }

            return made;
        });
        begun.Wait(TestContext.Current.CancellationToken);
        for (int i = 0; i < 50; i++)
        {
            FaultInjection.ForEachFailure(static () => NativeBuffer.Create<int>(10).Dispose());
        }

        Volatile.Write(ref isOver, true);
        Assert.NotEqual(0, await other);
    }

    [Fact]
    public void It_tells_how_far_it_is()
    {
        var seen = new List<FaultInjectionProgress>();
        FaultInjection.ForEachFailure(
            static () =>
            {
                NativeBuffer.Create<int>(10).Dispose();
                NativeBuffer.Create<int>(20).Dispose();
            },
            new FaultInjectionOptions { Progress = new Listener(seen) });
        Assert.Equal([new(1, 2, 0), new(2, 2, 0)], seen);
    }

    [Fact]
    public void A_run_within_a_run_throws_also_in_a_scope()
    {
        static void Body() => NativeBuffer.Create<int>(10).Dispose();
        int run = 0;
        foreach (Action inner in (Action[])[
            static () => FaultInjection.ForEachFailure(Body),
            static () => NativeMemoryTracker.AssertNoLeaks(static () => FaultInjection.ForEachFailure(Body)),
            static () => FaultInjection.ForEachFailureAsync(static () => Task.Run(Body)).GetAwaiter().GetResult()])
        {
            // The first run only warms up: it finds nothing, and so nothing wrong.
            run = 0;
            string message = Assert.Throws<InvalidOperationException>(() => FaultInjection.ForEachFailure(() =>
            {
                run++;
                using var owner = NativeMemoryOwner<int>.Create(5);
                inner();
            })).Message;
            Assert.Equal(2, run);
            Assert.Contains("one after the other", message);
        }

        FaultInjection.ForEachFailure(Body);
    }

    [Fact]
    public void Nothing_is_no_body()
    {
        Assert.Throws<ArgumentNullException>(() => FaultInjection.ForEachFailure(null!));
        Assert.Throws<ArgumentNullException>(() => FaultInjection.ForEachFailure(static () => { }, null!));
        Assert.Throws<ArgumentNullException>(() => { _ = FaultInjection.ForEachFailureAsync(null!); });
    }

    private static int Line([CallerLineNumber] int line = 0) => line;

    private static IReadOnlyList<FaultFinding> Find(Action body) =>
        Assert.Throws<FaultInjectionException>(() => FaultInjection.ForEachFailure(body)).Findings;

    private sealed class Listener(List<FaultInjectionProgress> seen) : IProgress<FaultInjectionProgress>
    {
        public void Report(FaultInjectionProgress value) => seen.Add(value);
    }
}
