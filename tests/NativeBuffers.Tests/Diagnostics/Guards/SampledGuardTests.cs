using NativeBuffers.Diagnostics.Guards;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Tests.Diagnostics.Guards;

/// <summary>Behaviour of <see cref="GuardMode.Sampled"/> that does not end the process.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public class SampledGuardTests
{
    private static readonly NativeAllocator s_all = new SamplingAllocator(NativeAllocator.Malloc, isAmbient: false, takesAll: true);

    [Fact]
    public unsafe void Samples_have_the_configured_distance()
    {
        NativeAllocator sampled = NativeAllocator.Malloc.WithGuards(GuardMode.Sampled);
        long before = DiagnosticEvent.GuardSample.Count;
        for (int i = 0; i < 500_000; i++)
        {
            sampled.Free(sampled.AllocateUninitialized(4096), 4096);
        }

        // 244, unless the process was started with another distance.
        SampleDistance distance = InstrumentationSwitch.SampleDistance;
        double expected = 500_000.0 * (distance.IsInBytes ? 4096 : 1) / distance.Length;
        Assert.InRange(DiagnosticEvent.GuardSample.Count - before, expected * 0.6, expected * 1.6);
    }

    [Fact]
    public unsafe void A_freed_slot_is_used_again_after_all_other_slots()
    {
        void* first = s_all.Allocate(64);
        s_all.Free(first, 64);
        int others = 0;
        void* block;
        while ((block = s_all.Allocate(64)) != first)
        {
            Assert.True(++others < 200);
            s_all.Free(block, 64);
        }

        s_all.Free(block, 64);

        // Other tests may use samples at the same time.
        Assert.InRange(others, 64, 127);
    }

    [Fact]
    public unsafe void Blocks_are_not_guarded_while_all_slots_are_in_use()
    {
        nint[] blocks = new nint[300];
        long before = DiagnosticEvent.GuardSample.Count;
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = (nint)s_all.Allocate(64);
            *(int*)blocks[i] = i;
        }

        Assert.InRange(DiagnosticEvent.GuardSample.Count - before, 1, 128);
        for (int i = 0; i < blocks.Length; i++)
        {
            Assert.Equal(i, *(int*)blocks[i]);
            s_all.Free((void*)blocks[i], 64);
        }
    }

    [Fact]
    public unsafe void A_sample_costs_no_managed_memory()
    {
        s_all.Free(s_all.Allocate(64), 64);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 20_000; i++)
        {
            s_all.Free(s_all.Allocate(64), 64);
        }

        // Less than a byte each: the lock may need something when it is waited for.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 19_999);
    }

    /// <remarks>In bytes, 50 large blocks are 50 times the distance, and 1000 small blocks are 0.06 times the distance.</remarks>
    [Theory]
    [InlineData("1m", 0, 3)]
    [InlineData("2", 112, 112)]
    public async Task Large_blocks_are_samples_too(string distance, int fewestSmall, int mostSmall)
    {
        GuardedProgram program = await GuardedProgram.RunAsync($"sampled:{distance}", "SamplesOfTwoSizes");

        Assert.Equal(("", 0, 3), (program.Errors, program.ExitCode, program.Said.Length));
        Assert.InRange(int.Parse(program.Said[0]["small ".Length..], null), fewestSmall, mostSmall);
        Assert.InRange(int.Parse(program.Said[1]["large ".Length..], null), 8, 16);
    }

    [Fact]
    public async Task Threads_find_their_own_samples() =>
        await GuardStress.RunAsync(s_all, rounds: 5000);
}
