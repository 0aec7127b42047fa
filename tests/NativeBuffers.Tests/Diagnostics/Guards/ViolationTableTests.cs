using System.Text.RegularExpressions;

namespace NativeBuffers.Tests.Diagnostics.Guards;

/// <summary>The page's table of violations and modes: each cell that promises a finding is run as a process.</summary>
[Slow]
public sealed partial class ViolationTableTests
{
    private const string Page = "docs/diagnostics.md";

    private static readonly string[] s_modes = ["sites", "checked", "pages", "sampled:1"];

    public static TheoryData<string, string, string> Cells
    {
        get
        {
            var cells = new TheoryData<string, string, string>();
            foreach (Match row in Row().Matches(Repository.Read(Page)))
            {
                for (int i = 0; i < s_modes.Length; i++)
                {
                    string promise = row.Groups[i + 2].Value.Trim();
                    if (promise != "no")
                    {
                        cells.Add(row.Groups[1].Value, s_modes[i], promise);
                    }
                }
            }

            return cells;
        }
    }

    [Fact]
    public void Most_mistakes_are_found_in_every_mode() => Assert.True(Cells.Count >= 25);

    [Theory]
    [MemberData(nameof(Cells))]
    public async Task A_violation_that_the_page_promises_is_found_and_names_the_line(string scenario, string mode, string promise)
    {
        bool isTracking = mode == "sites";
        GuardedProgram program = await GuardedProgram.RunAsync(isTracking ? "" : mode, scenario, track: isTracking ? mode : "");
        string allocatedAt = program.At("allocated");
        switch (promise)
        {
            case "ends":
                Assert.NotEqual(0, program.ExitCode);
                Assert.Contains(nameof(AccessViolationException), program.Errors);
                NativeMemoryFault fault = Assert.IsType<NativeMemoryFault>(program.Report?.Fault);
                Assert.Equal(allocatedAt, program.Report.FindViolation(fault.Address, fault.IsWrite)?.AllocatedAt);
                break;
            case "throws" or "throws*":
                Assert.NotEqual(0, program.ExitCode);
                Assert.Contains(nameof(NativeMemoryViolationException), program.Errors);
                Assert.Contains(promise == "throws" ? allocatedAt : program.At("freed"), program.Errors);
                break;
            case "reports":
                Assert.Equal(0, program.ExitCode);
                Assert.Contains("NativeBuffers: ", program.Errors);
                Assert.Contains(allocatedAt, program.Errors);
                break;
            default:
                Assert.Fail($"The page promises '{promise}', which is none of: ends, throws, throws*, reports, no.");
                break;
        }
    }

    [GeneratedRegex(@"^\| [^|`]+ \| `(\w+)` \|([^|]+)\|([^|]+)\|([^|]+)\|([^|]+)\|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
