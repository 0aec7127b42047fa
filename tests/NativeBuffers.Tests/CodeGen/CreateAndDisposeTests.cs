using NativeBuffers.CodeGen.Loops;

namespace NativeBuffers.Tests.CodeGen;

/// <summary>The cost of a buffer's creation and disposal when the cache has a block, in instructions.</summary>
/// <remarks>
/// The way of a block from the cache and back, with the method's own first and last instructions and one turn of the
/// clearing loop: 52 and 64 instructions with .NET 10.0.12 on Linux. The bounds leave room for another system's calling
/// convention, and for little more. A call on the way is often a <c>finally</c> that the compiler did not copy into the
/// method. Then <c>Dispose</c> inlines more than about fifteen statements, and loops suffer too.
/// </remarks>
[Slow]
public sealed class CreateAndDisposeTests
{
    [Fact]
    public void A_buffer_comes_and_goes_without_a_call() =>
        AssertShort(typeof(CreateAndDispose), nameof(CreateAndDispose.Ours), mostInstructions: 56);

    [Fact]
    public void A_zeroed_buffer_comes_and_goes_without_a_call() =>
        AssertShort(typeof(CreateZeroedAndDispose), nameof(CreateZeroedAndDispose.Ours), mostInstructions: 68);

    /// <remarks>A part of a line that was cleared by one wide store waits for it. The JIT makes one store of two that follow each other.</remarks>
    [Fact]
    public void A_line_is_cleared_by_four_stores_of_16_bytes()
    {
        MethodCode code = LoopProgram.CodeOf(typeof(CreateZeroedAndDispose), nameof(CreateZeroedAndDispose.Ours), JitMode.Profiled);
        Assert.True(code.Everything.Count(static text => text.Contains("xmmword ptr", StringComparison.Ordinal)) >= 4, code.ToString());
        Assert.DoesNotContain(code.LongestPathWithoutCalls, static instruction => instruction.WithoutAddresses.Contains("ymmword", StringComparison.Ordinal));
        Assert.DoesNotContain(code.LongestPathWithoutCalls, static instruction => instruction.WithoutAddresses.Contains("zmmword", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_wide_registers_a_line_is_cleared_without_a_look_at_its_address()
    {
        MethodCode code = LoopProgram.CodeOf(typeof(CreateZeroedAndDispose), nameof(CreateZeroedAndDispose.Ours), JitMode.Narrow);
        Assert.Contains(code.Everything, static text => text.Contains("xmm", StringComparison.Ordinal));
        Assert.DoesNotContain(
            code.Everything,
            static text =>
                text.Contains(": test ", StringComparison.Ordinal)
                    && (text.EndsWith(", 15", StringComparison.Ordinal) || text.EndsWith(", 31", StringComparison.Ordinal)));
    }

    /// <remarks>As in a process that takes none, and a countdown, and a look at the kind of slot.</remarks>
    [Fact]
    public void Where_samples_are_taken_a_buffer_that_is_none_comes_and_goes_without_a_call() =>
        AssertShort(LoopProgram.SampledCodeOf(typeof(CreateAndDispose), nameof(CreateAndDispose.Ours)), mostInstructions: 66);

    /// <remarks>A call of a label is a <c>finally</c> that was not copied.</remarks>
    [Fact]
    public void The_end_of_a_rental_is_copied_to_the_place_that_needs_it() =>
        Assert.DoesNotMatch(@"call +G_M\d", LoopProgram.CodeOf(typeof(OthersComeAndGo), nameof(OthersComeAndGo.Pooled), JitMode.Profiled).ToString());

    /// <remarks>
    /// Once on the way of the block and back, and once where an exception ends the rental. Each look-up is a call. In code that the profile has not met,
    /// it is a slower call: a pool of one's own that was used after the shared pool took 17 ns for a rental instead of 10.
    /// </remarks>
    [Theory]
    [InlineData(nameof(OthersComeAndGo.Pooled))]
    [InlineData(nameof(OthersComeAndGo.OwnPool))]
    public void A_rental_and_its_end_look_the_thread_up_once(string method)
    {
        MethodCode code = LoopProgram.CodeOf(typeof(OthersComeAndGo), method, JitMode.Profiled);
        int count = code.Instructions.Count(static each => each.FindsThreadStatics);
        Assert.True(count <= 2, $"{count} times:\n{code}");
    }

    private static void AssertShort(Type program, string method, int mostInstructions) =>
        AssertShort(LoopProgram.CodeOf(program, method, JitMode.Profiled), mostInstructions);

    private static void AssertShort(MethodCode code, int mostInstructions)
    {
        IReadOnlyList<Instruction> path = code.LongestPathWithoutCalls;
        Assert.True(path.Count > 0, $"No way through without calls:\n{code}");
        string all = string.Join('\n', path);
        Assert.True(path.Count <= mostInstructions, $"{path.Count} instructions:\n{all}");
        Assert.True(path.Count(instruction => instruction.IsCall) <= 1, $"Looks for the thread's cache more than once:\n{all}");
    }
}
