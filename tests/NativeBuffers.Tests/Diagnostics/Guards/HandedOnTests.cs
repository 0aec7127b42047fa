using NativeBuffers.Diagnostics.Guards;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Tests.Diagnostics.Guards;

/// <summary>Blocks that an allocator took from a guarded allocator and gives out.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public class HandedOnTests
{
    private static readonly NativeAllocator s_all = new SamplingAllocator(NativeAllocator.Malloc, isAmbient: false, takesAll: true);

    [Theory]
    [InlineData("sampled:2")]
    [InlineData("sampled:3")]
    [InlineData("pages")]
    [InlineData("checked")]
    public async Task A_program_that_hands_blocks_on_runs_clean(string guard)
    {
        GuardedProgram program = await GuardedProgram.RunAsync(guard, "HandedOn");

        Assert.Equal("", program.Errors);
        Assert.Equal(["went on to the end"], program.Said);
    }

    [Theory]
    [InlineData(GuardMode.Sampled)]
    [InlineData(GuardMode.Pages)]
    public unsafe void Blocks_go_back_to_the_allocator_that_handed_them_on(GuardMode mode)
    {
        var own = new CountingAllocator(s_all);
        NativeAllocator guarded = own.WithGuards(mode);
        for (int i = 1; i <= 300; i++)
        {
            void* block = guarded.Allocate((nuint)i);
            block = guarded.Resize(block, (nuint)i, (nuint)i + 100);
            guarded.Free(block, (nuint)i + 100);
        }

        Assert.Equal(own.Allocations, own.Frees);
    }

    [Fact]
    public unsafe void A_piece_of_a_guarded_block_is_handed_on_too()
    {
        NativeAllocator guarded = new DividingAllocator(s_all, byteCount: 16_384).WithGuards(GuardMode.Sampled);
        for (int i = 0; i < 100; i++)
        {
            guarded.Free(guarded.Resize(guarded.Allocate(16), 16, 32), 32);
        }
    }

    [Fact]
    public unsafe void A_second_free_of_a_handed_on_block_is_found()
    {
        NativeAllocator guarded = new CountingAllocator(s_all).WithGuards(GuardMode.Sampled);
        for (int i = 0; i < 3; i++)
        {
            long before = DiagnosticEvent.GuardSample.Count;
            void* block = guarded.Allocate(64);
            Assert.True(DiagnosticEvent.GuardSample.Count > before, "There was no place for a sample.");
            guarded.Free(block, 64);
            NativeMemoryViolation found = Assert.Throws<NativeMemoryViolationException>(() => guarded.Free(block, 64)).Violation;
            Assert.Equal(NativeMemoryViolationKind.DoubleFree, found.Kind);
        }
    }

    [Fact]
    public unsafe void Allocators_of_the_library_take_no_foreign_blocks()
    {
        void* block = s_all.Allocate(64);
        NativeAllocator other = NativeAllocator.HGlobal.WithGuards(GuardMode.Sampled);
        NativeMemoryViolation found = Assert.Throws<NativeMemoryViolationException>(() => other.Free(block, 64)).Violation;
        Assert.Equal(NativeMemoryViolationKind.WrongAllocator, found.Kind);
        Assert.Throws<NativeMemoryViolationException>(() => _ = other.Resize(block, 64, 65));
        s_all.Free(block, 64);
    }
}
