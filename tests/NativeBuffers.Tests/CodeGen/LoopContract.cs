using NativeBuffers.CodeGen.Loops;

namespace NativeBuffers.Tests.CodeGen;

/// <summary>A loop over a buffer costs not one instruction more than the loop over a raw pointer beside it.</summary>
/// <remarks>
/// The buffers of the loops are created and disposed in the same method, which is the hard case: code that is inlined there
/// must leave the registers to the loop.
/// </remarks>
[Slow]
public abstract class LoopContract
{
    private readonly JitMode _mode;

    private protected LoopContract(JitMode mode) => _mode = mode;

    [Fact]
    public void A_loop_that_reads_is_as_short_as_over_a_pointer() =>
        AssertNoWorse(RawSum, Code(typeof(Sum), nameof(Sum.Ours)));

    [Fact]
    public void A_loop_that_writes_is_as_short_as_over_a_pointer() =>
        AssertNoWorse(Code(typeof(Fill), nameof(Fill.Raw)), Code(typeof(Fill), nameof(Fill.Ours)));

    [Fact]
    public void A_foreach_by_reference_is_as_short_as_a_walking_pointer() =>
        AssertNoWorse(Code(typeof(ForEach), nameof(ForEach.Raw)), Code(typeof(ForEach), nameof(ForEach.Ours)));

    [Fact]
    public void A_foreach_by_value_over_the_buffer_itself_costs_at_most_one_instruction_more() =>
        AssertNoWorse(Code(typeof(ForEach), nameof(ForEach.Raw)), Code(typeof(ForEachByValue), nameof(ForEachByValue.Ours)), more: 1);

    [Fact]
    public void A_random_gather_keeps_its_one_bounds_check() =>
        AssertNoWorse(Code(typeof(Gather), nameof(Gather.Raw)), Code(typeof(Gather), nameof(Gather.Ours)), more: 2, boundsChecks: 1);

    [Fact]
    public void A_dot_product_is_as_short_as_over_two_pointers() =>
        AssertNoWorse(RawDotProduct, Code(typeof(DotProduct), nameof(DotProduct.Ours)));

    [Fact]
    public void A_dot_product_of_unknown_lengths_has_a_loop_without_checks() =>
        AssertNoWorse(RawDotProduct, Code(typeof(DotProductOfUnequalLengths), nameof(DotProductOfUnequalLengths.Ours)));

    [Fact]
    public void A_dot_product_of_doubles_is_as_short_as_over_two_pointers() =>
        AssertNoWorse(
            Code(typeof(DotProductOfDoubles), nameof(DotProductOfDoubles.Raw)),
            Code(typeof(DotProductOfDoubles), nameof(DotProductOfDoubles.Ours)));

    [Fact]
    public void A_dot_product_of_spans_is_as_short_as_over_two_pointers() =>
        AssertNoWorse(
            Code(typeof(DotProductOfSpans), nameof(DotProductOfSpans.Raw)),
            Code(typeof(DotProductOfSpans), nameof(DotProductOfSpans.Ours)));

    [Fact]
    public void A_loop_over_an_in_parameter_costs_at_most_two_instructions_more() =>
        AssertNoWorse(RawSum, Code(typeof(InParameter), nameof(InParameter.Ours)), more: 2, boundsChecks: 1);

    [Fact]
    public void A_loop_over_the_span_of_an_in_parameter_costs_nothing_more() =>
        AssertNoWorse(RawSum, Code(typeof(SpanOfInParameter), nameof(SpanOfInParameter.Ours)));

    [Theory]
    [InlineData(nameof(SumBesideOtherMembers.Reading))]
    [InlineData(nameof(SumBesideOtherMembers.Resizing))]
    [InlineData(nameof(SumBesideOtherMembers.Moving))]
    public void The_remaining_members_do_not_tie_the_span_to_the_frame(string method) =>
        AssertNoWorse(RawSum, Code(typeof(SumBesideOtherMembers), method));

    [Theory]
    [InlineData(typeof(BorrowedSum))]
    [InlineData(typeof(BorrowedFill))]
    [InlineData(typeof(BorrowedForEach))]
    [InlineData(typeof(BorrowedDotProduct))]
    public void A_loop_over_borrowed_elements_is_the_loop_over_any_span(Type loop) =>
        AssertSame(Code(loop, nameof(BorrowedSum.Plain)), Code(loop, nameof(BorrowedSum.Ours)));

    [Theory]
    [InlineData(typeof(ListSum))]
    [InlineData(typeof(ListForEach))]
    [InlineData(typeof(ScratchListSum))]
    public void A_loop_over_the_elements_of_a_list_is_the_one_over_any_span(Type loop) =>
        AssertSame(Code(loop, nameof(ListSum.Plain)), Code(loop, nameof(ListSum.Ours)));

    [Theory]
    [InlineData(nameof(ListElements.Get), 19, 1)]
    [InlineData(nameof(ListElements.Each), 23, 1)]
    [InlineData(nameof(ListElements.Set), 20, 1)]
    [InlineData(nameof(ListElements.Add), 18, 1)]
    [InlineData(nameof(ListElements.Replace), 40, 2)]
    public void A_loop_over_the_members_of_a_list_looks_the_thread_up_before_it_and_announces_nothing(string method, int most, int mostCalls)
    {
        MethodCode code = Code(typeof(ListElements), method);
        Loop loop = code.InnermostLoops[0];
        string all = $"{_mode}\n--- the loop\n{loop}\n--- all\n{code}";
        Assert.True(loop.Instructions.Count <= most, $"{loop.Instructions.Count} instructions: {all}");
        Assert.False(loop.Instructions.Any(static each => each.FindsThreadStatics), $"The thread is looked up: {all}");
        Assert.True(loop.Calls <= mostCalls, $"Calls beside the slow paths: {all}");
        Assert.False(loop.Instructions.Any(static each => each.Text.Contains("lock", StringComparison.Ordinal)), $"Atomic operations: {all}");
    }

    /// <remarks>
    /// A turn of the loops over a parameter has 18 instructions. The rest aligns the address, and calls when the chunk is full. A turn over a plain
    /// bump pointer has 11: an arena also asks whether it is one, whether it may allocate, and whether the address is aligned.
    /// </remarks>
    [Theory]
    [InlineData(nameof(ArenaElements.OfOwner), 30)]
    [InlineData(nameof(ArenaElements.OfScope), 30)]
    [InlineData(nameof(ArenaElements.OfNewBorrow), 36)]
    [InlineData(nameof(ArenaElements.OfNewScope), 36)]
    [InlineData(nameof(ArenaElements.OfNewArena), 36)]
    public void An_element_of_an_arena_is_allocated_without_a_call_and_without_a_store_to_the_frame(string method, int most)
    {
        MethodCode code = Code(typeof(ArenaElements), method);
        Loop loop = code.InnermostLoops.First(static each => each.Instructions.Any(CallsSlowPath));
        string all = $"{_mode}\n--- the loop\n{loop}\n--- all\n{code}";
        Assert.True(loop.Calls == 1, $"Calls beside the slow path: {all}");
        Assert.True(loop.FrameWrites == 0, $"Stores to the stack frame: {all}");
        Assert.True(loop.Instructions.Count <= most, $"{loop.Instructions.Count} instructions: {all}");

        static bool CallsSlowPath(Instruction each) => each.IsCall && each.Text.Contains("ArenaSlowPath:", StringComparison.Ordinal);
    }

    private MethodCode RawSum => Code(typeof(Sum), nameof(Sum.Raw));

    private MethodCode RawDotProduct => Code(typeof(DotProduct), nameof(DotProduct.Raw));

    private MethodCode Code(Type loop, string method) => LoopProgram.CodeOf(loop, method, _mode);

    private void AssertSame(MethodCode plainCode, MethodCode ourCode)
    {
        Loop plain = plainCode.InnermostLoops.First(loop => !loop.IsOfVectors);
        Loop ours = ourCode.InnermostLoops.First(loop => !loop.IsOfVectors);
        string both = $"{_mode}\n--- over a span\n{plain}\n--- ours\n{ours}\n--- all of ours\n{ourCode}";
        Assert.True(plain.Shape.SequenceEqual(ours.Shape), $"Other instructions: {both}");
        Assert.True(ours.FrameReads == 0, $"Loads from the stack frame: {both}");
    }

    private void AssertNoWorse(MethodCode rawCode, MethodCode ourCode, int more = 0, int boundsChecks = 0)
    {
        // Where the compiler made two loops, with and without checks, the shorter one is what runs.
        Loop raw = rawCode.InnermostLoops.First(loop => !loop.IsOfVectors);
        Loop ours = ourCode.InnermostLoops.First(loop => !loop.IsOfVectors);
        string both = $"{_mode}\n--- raw\n{raw}\n--- ours\n{ours}\n--- all of ours\n{ourCode}";
        Assert.True(ours.Instructions.Count <= raw.Instructions.Count + more, $"Too many instructions: {both}");
        Assert.True(ours.BoundsChecks <= boundsChecks, $"Too many bounds checks: {both}");
        Assert.True(ours.Calls == 0, $"Calls: {both}");
        Assert.True(ours.FrameReads == 0, $"Loads from the stack frame: {both}");
    }
}
