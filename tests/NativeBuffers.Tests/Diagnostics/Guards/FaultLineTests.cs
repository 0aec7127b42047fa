using System.Runtime.InteropServices;
using NativeBuffers.Diagnostics.Guards;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Tests.Diagnostics.Guards;

/// <summary>Assumptions of the fault handler's machine code.</summary>
public class FaultLineTests
{
    [Fact]
    public unsafe void Records_have_the_layout_that_the_machine_code_expects()
    {
        GuardedBlock block = default;
        byte* start = (byte*)&block;
        Assert.Equal(
            (0, FaultLine.RangeStartAt, FaultLine.RangeByteCountAt, FaultLine.AllocatedAtAt, FaultLine.FreedAtAt, FaultLine.RecordByteCount),
            ((int)((byte*)&block.State - start), (int)((byte*)&block.RangeStart - start), (int)((byte*)&block.RangeByteCount - start),
                (int)((byte*)&block.AllocatedAt - start), (int)((byte*)&block.FreedAt - start), sizeof(GuardedBlock)));
        Assert.Equal((0, 2), ((int)GuardedBlock.Use.None, (int)GuardedBlock.Use.Freed));
    }

    [Fact]
    public unsafe void The_line_has_the_layout_that_the_machine_code_expects()
    {
        FaultLine line = default;
        byte* start = (byte*)&line;
        Assert.Equal(
            (0, 8, 24, 40, 48, 56),
            ((int)((byte*)&line.IsWritten - start), (int)((byte*)&line.FirstRecords - start), (int)((byte*)&line.SecondRecords - start),
                (int)((byte*)&line.Begin - start), (int)((byte*)&line.Freed - start), (int)((byte*)&line.End - start)));
    }

    [Theory]
    [InlineData("/tmp/a-1_2.guard", "/tmp/a-1_2.guard")]
    [InlineData("/tmp/a b", "'/tmp/a b'")]
    [InlineData("/tmp/a;b", "'/tmp/a;b'")]
    [InlineData("/tmp/$(a)", "'/tmp/$(a)'")]
    [InlineData("/tmp/it's", @"'/tmp/it'\''s'")]
    public unsafe void The_path_in_the_command_is_quoted_for_a_shell(string path, string quoted)
    {
        FaultLine* line = ProcessReport.MakeFaultLine(path);
        string end = Marshal.PtrToStringUTF8((nint)line->End)!;
        Assert.Equal($". More: nativebuffers-guard {quoted}\n", end);
    }
}
