namespace NativeBuffers.Tests.Diagnostics.Guards;

/// <summary>Violations that guard pages find, each in its own process, and their reports.</summary>
[Slow]
public abstract class PageViolationContract(string guard, string pages = "")
{
    [Theory]
    [InlineData("OverflowRead", NativeMemoryViolationKind.Overflow, 100, "Read 1 byte past a 100-byte block allocated at {0}.")]
    [InlineData("OverflowWrite", NativeMemoryViolationKind.Overflow, 100, "Write 1 byte past a 100-byte block allocated at {0}.")]
    [InlineData("OverflowWriteLarge", NativeMemoryViolationKind.Overflow, 1 << 20, "Write 1 byte past a 1048576-byte block allocated at {0}.")]
    [InlineData("UnderflowByAPage", NativeMemoryViolationKind.Underflow, 100, null)]
    [InlineData("WriteAfterFree", NativeMemoryViolationKind.WriteAfterFree, 64, "Write at byte 8 of a 64-byte block that was freed at {1}, allocated at {0}.")]
    [InlineData("ReadAfterFree", NativeMemoryViolationKind.ReadAfterFree, 64, "Read at byte 8 of a 64-byte block that was freed at {1}, allocated at {0}.")]
    [InlineData("ReadAfterDispose", NativeMemoryViolationKind.ReadAfterFree, 64, "Read at byte 8 of a 64-byte block that was freed at {1}, allocated at {0}.")]
    [InlineData("StaleAfterResize", NativeMemoryViolationKind.WriteAfterFree, 64, "Write at byte 8 of a 64-byte block that was resized, allocated at {0}.")]
    public async Task A_touch_of_a_guard_page_ends_the_process_and_the_report_names_the_lines(
        string scenario, NativeMemoryViolationKind kind, long byteCount, string? sentence)
    {
        GuardedProgram program = await GuardedProgram.RunAsync(guard, scenario, pages: pages);

        Assert.NotEqual(0, program.ExitCode);
        Assert.Contains(nameof(AccessViolationException), program.Errors);
        Assert.DoesNotContain(
            program.Said,
            static line => line.StartsWith("read ", StringComparison.Ordinal) || line.StartsWith("went on", StringComparison.Ordinal));
        Assert.NotNull(program.Report);
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only there, and on Windows, the process notes the address.");
        string freed = kind is NativeMemoryViolationKind.Overflow or NativeMemoryViolationKind.Underflow ? ""
            : $", freed at {(scenario == "StaleAfterResize" ? "(resized)" : program.At("freed"))}";
        Assert.StartsWith(
            $"NativeBuffers: a guarded block was used wrongly. It was allocated at {program.At("allocated")}{freed}. More: nativebuffers-guard {program.ReportPath}{Environment.NewLine}",
            program.Errors);
        NativeMemoryFault fault = Assert.IsType<NativeMemoryFault>(program.Report.Fault);
        Assert.Equal(scenario.Contains("Write", StringComparison.Ordinal) || scenario.StartsWith("Stale", StringComparison.Ordinal), fault.IsWrite);
        NativeMemoryViolation violation = Assert.IsType<NativeMemoryViolation>(program.Report.FindViolation(fault.Address, fault.IsWrite));
        Assert.Equal(kind, violation.Kind);
        Assert.Equal(byteCount, violation.ByteCount);
        Assert.Equal(program.At("allocated"), violation.AllocatedAt);
        Assert.StartsWith($"{scenario}.cs:", violation.AllocatedAt);
        string freedAt = kind is NativeMemoryViolationKind.Overflow or NativeMemoryViolationKind.Underflow ? ""
            : scenario == "StaleAfterResize" ? "(resized)"
            : program.At("freed");
        Assert.Equal(freedAt, violation.FreedAt);
        if (sentence is not null)
        {
            Assert.Equal(string.Format(null, sentence, violation.AllocatedAt, violation.FreedAt), program.Report.Explain());
        }
    }

    [Theory]
    [InlineData("OverflowIntoSlack", "Write past a 100-byte block allocated at {0}: found when it was freed: {1}.")]
    [InlineData("UnderflowWrite", "Write before a 100-byte block allocated at {0}: found when it was freed: {1}.")]
    [InlineData("DoubleFree", "Second free, at {2}, of a 64-byte block that was freed at {1}, allocated at {0}.")]
    [InlineData("OtherAllocator", "A 64-byte block of Default, allocated at {0}, was given to PageGuarded(HGlobal) at {1}.")]
    [InlineData("WrongSize", "A 64-byte block allocated at {0} was freed or resized at {1} as one of 63 bytes.")]
    [InlineData("NeverGivenOut", "at {1}, which it has not given out, or which was freed long ago.")]
    public async Task A_violation_found_at_a_free_is_thrown_and_names_the_lines(string scenario, string sentence)
    {
        GuardedProgram program = await GuardedProgram.RunAsync(guard, scenario, pages: pages);

        Assert.NotEqual(0, program.ExitCode);
        Assert.Contains($"Unhandled exception. {typeof(NativeMemoryViolationException)}: ", program.Errors);
        Assert.DoesNotContain("went on to the end", program.Said);
        string again = scenario == "DoubleFree" ? program.At("again") : "";
        Assert.Contains(string.Format(null, sentence, program.At("allocated"), program.At("freed"), again), program.Errors);
        Assert.Null(program.Report?.Fault);
        Assert.DoesNotContain("nativebuffers-guard", program.Errors);
    }

    [Fact]
    public async Task A_violation_found_at_a_disposal_is_reported_and_the_program_goes_on()
    {
        GuardedProgram program = await GuardedProgram.RunAsync(guard, "UnderflowOfOwner", pages: pages);

        Assert.Equal(0, program.ExitCode);
        Assert.Equal("went on to the end", program.Said[^1]);
        Assert.Equal(
            $"NativeBuffers: Write before a 100-byte block allocated at {program.At("allocated")}: found when it was freed: {program.At("freed")}.",
            program.Errors.Trim());
    }

    [Fact]
    public async Task A_correct_program_runs_clean_and_leaves_no_report()
    {
        GuardedProgram program = await GuardedProgram.RunAsync(guard, "Correct", pages: pages);

        Assert.Equal("", program.Errors);
        Assert.Equal(["went on to the end"], program.Said);
        Assert.Equal(0, program.ExitCode);
        Assert.Null(program.Report);
    }

    [Fact]
    public async Task Null_references_are_caught_and_are_no_faults()
    {
        GuardedProgram program = await GuardedProgram.RunAsync(guard, "NullReferences", pages: pages);

        Assert.Equal("", program.Errors);
        Assert.Equal(["caught 20000", "fault False", "went on to the end"], program.Said);
        Assert.Equal(0, program.ExitCode);
    }

    [Fact]
    public async Task A_stack_overflow_is_reported_by_the_runtime()
    {
        GuardedProgram program = await GuardedProgram.RunAsync(guard, "StackOverflow", pages: pages);

        Assert.StartsWith("Stack overflow.", program.Errors);
        Assert.NotEqual(0, program.ExitCode);
        Assert.DoesNotContain("block allocated", program.Report!.Explain());
    }
}
