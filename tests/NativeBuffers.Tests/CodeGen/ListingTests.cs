namespace NativeBuffers.Tests.CodeGen;

/// <summary>The instructions that the tests of loops count are found in a listing that has them.</summary>
public sealed class ListingTests
{
    /// <summary>A loop with everything that a loop should not have, and its cold part after the return.</summary>
    private const string Slow = """
        ; Assembly listing for method Space.Type:Slow(int):int (Tier1)
        ; Emitting BLENDED_CODE for generic X64 + VEX on Unix
        ; rbp based frame

        G_M000_IG01:                ;; offset=0x0000
               push     rbp
               lea      rbp, [rsp+0x10]

        G_M000_IG02:                ;; offset=0x0010
               xor      eax, eax
               align    [4 bytes for IG03]

        G_M000_IG03:                ;; offset=0x0020
               mov      rsi, bword ptr [rbp-0x38]
               cmp      ecx, dword ptr [rbp-0x30]
               jae      SHORT G_M000_IG07
               vmovsd   xmm0, qword ptr [rbp-0x28]
               mov      qword ptr [rbp-0x20], rsi
               lea      rdi, [rbp-0x38]
               add      eax, dword ptr [rsi+4*rcx]
               test     eax, eax
               je       SHORT G_M000_IG06

        G_M000_IG04:                ;; offset=0x0030
               inc      ecx
               cmp      ecx, edx
               jl       SHORT G_M000_IG03

        G_M000_IG05:                ;; offset=0x0040
               pop      rbp
               ret

        G_M000_IG06:                ;; offset=0x0050
               call     [Space.Type:Other(int):int]
               jmp      SHORT G_M000_IG04

        G_M000_IG07:                ;; offset=0x0060
               call     CORINFO_HELP_RNGCHKFAIL
               int3

        ; Total bytes of code 112

        """;

    private static MethodCode Method => Listing.Parse(Slow.ReplaceLineEndings("\n")).Find("Space.Type:Slow", "Tier1")!;

    [Fact]
    public void A_method_is_found_by_name_and_tier()
    {
        var listing = Listing.Parse(Slow.ReplaceLineEndings("\n"));
        Assert.NotNull(listing.Find("Space.Type:Slow", "Tier1"));
        Assert.Null(listing.Find("Space.Type:Slow", "Tier0"));
        Assert.Null(listing.Find("Space.Type:Fast", "Tier1"));
    }

    [Fact]
    public void A_loop_has_its_cold_part_too_and_nothing_else() =>
        Assert.Equal(14, Assert.Single(Method.InnermostLoops).Instructions.Count);

    [Fact]
    public void A_call_in_the_cold_part_of_a_loop_is_counted() => Assert.Equal(1, Method.InnermostLoops[0].Calls);

    [Fact]
    public void A_jump_to_the_range_failure_is_a_bounds_check() => Assert.Equal(1, Method.InnermostLoops[0].BoundsChecks);

    [Fact]
    public void Loads_and_comparisons_read_the_frame_but_stores_and_addresses_do_not() =>
        Assert.Equal(2, Method.InnermostLoops[0].FrameReads);

    [Fact]
    public void Only_stores_write_the_frame() => Assert.Equal(1, Method.InnermostLoops[0].FrameWrites);

    [Fact]
    public void The_frame_is_rbp_only_where_the_method_says_so()
    {
        var load = new Instruction("mov      rsi, qword ptr [rbp+8*rcx]");
        Assert.True(load.ReadsFrame(isRbpFrame: true));
        Assert.False(load.ReadsFrame(isRbpFrame: false));
        Assert.True(new Instruction("mov      rsi, qword ptr [rsp+0x08]").ReadsFrame(isRbpFrame: false));
    }

    [Fact]
    public void The_longest_path_goes_around_calls() =>
        Assert.Equal(
            ["push", "lea", "xor", "mov", "cmp", "jae", "vmovsd", "mov", "lea", "add", "test", "je", "inc", "cmp", "jl", "pop", "ret"],
            Method.LongestPathWithoutCalls.Select(instruction => instruction.Mnemonic));

    [Theory]
    [InlineData("call     rax", true)]
    [InlineData("call     [NativeBuffers.PooledBuffer`1[int]:ViewSlowly(NativeBuffers.Blocks.Handles.SharedHandle,int):System.Span`1[int]]", false)]
    [InlineData("call     [CORINFO_HELP_GETDYNAMIC_NONGCTHREADSTATIC_BASE_NOCTOR]", true)]
    [InlineData("call     rax ; Interop+Sys:Malloc(nuint):ptr", false)]
    [InlineData("call     [NativeBuffers.Blocks.Cache.Paths.AllocatePath:TakeSlow(ptr,long,int):ptr]", false)]
    public void Only_the_way_to_thread_statics_is_no_call(string text, bool isNone) =>
        Assert.Equal(isNone, new Instruction(text).FindsThreadStatics);

    [Theory]
    [InlineData("add      eax, dword ptr [rdi+4*rcx]", "add      r8d, dword ptr [r14+4*rax]", true)]
    [InlineData("mov      eax, eax", "mov      r15d, r15d", true)]
    [InlineData("jne      SHORT G_M000_IG03", "jne      G_M000_IG03", true)]
    [InlineData("mov      eax, eax", "mov      eax, ecx", false)]
    [InlineData("mov      eax, ecx", "mov      eax, eax", false)]
    [InlineData("mov      eax, ecx", "mov      rax, rcx", false)]
    [InlineData("mov      r8d, ecx", "mov      r8, rcx", false)]
    [InlineData("add      eax, dword ptr [rdi+4*rcx]", "add      eax, dword ptr [rdi+8*rcx]", false)]
    [InlineData("inc      eax", "dec      eax", false)]
    public void Loops_are_the_same_if_only_the_registers_differ(string left, string right, bool areSame) =>
        Assert.Equal(areSame, ShapeOf(left).SequenceEqual(ShapeOf(right)));

    [Theory]
    [InlineData("0x3979C")]
    [InlineData("235420")]
    [InlineData("0x787B4123")]
    public void The_number_that_guards_the_stack_is_no_part_of_the_code(string cookie) =>
        Assert.Equal(
            Guarded(Store("0x33B68"), Comparison("0x33B68")).Everything,
            Guarded(Store(cookie), Comparison(cookie)).Everything);

    [Fact]
    public void The_register_that_this_number_needs_a_month_after_the_start_of_the_machine_is_no_part_either()
    {
        MethodCode late = Guarded(
            "mov      edi, 0x950B11EC\n       mov      qword ptr [rbp-0x10], rdi",
            "mov      r8d, 0x950B11EC\n       cmp      qword ptr [rbp-0x10], r8");
        Assert.Equal(Guarded(Store("0x33B68"), Comparison("0x33B68")).Everything, late.Everything);
    }

    [Fact]
    public void Any_other_number_is_part_of_the_code() =>
        Assert.NotEqual(
            Guarded(Store("0x33B68"), Comparison("0x33B68"), other: "0x3979C").Everything,
            Guarded(Store("0x33B68"), Comparison("0x33B68"), other: "0x3979D").Everything);

    private static string Store(string cookie) => $"mov      qword ptr [rbp-0x10], {cookie}";

    private static string Comparison(string cookie) => $"cmp      qword ptr [rbp-0x10], {cookie}";

    private static MethodCode Guarded(string begin, string end, string other = "0x100") =>
        Listing.Parse($"""
            ; Assembly listing for method Space.Type:Guarded() (Tier1)
            G_M000_IG01:
                   push     rbp
                   {begin}
                   mov      eax, {other}
                   {end}
                   je       SHORT G_M000_IG02
                   call     CORINFO_HELP_FAIL_FAST

            G_M000_IG02:
                   pop      rbp
                   ret

            """.ReplaceLineEndings("\n"))
            .Find("Space.Type:Guarded", "Tier1")!;

    private static IReadOnlyList<string> ShapeOf(string instruction) =>
        Listing.Parse($"""
            ; Assembly listing for method Space.Type:Loop() (Tier1)
            G_M000_IG03:
                   {instruction}
                   jmp      G_M000_IG03

            """.ReplaceLineEndings("\n"))
            .Find("Space.Type:Loop", "Tier1")!.InnermostLoops[0].Shape;
}
