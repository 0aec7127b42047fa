using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Tests.Platform;

/// <summary>Instructions as an assembler encodes them, one of each kind of load and store.</summary>
public class Arm64InstructionTests
{
    [Theory]
    [InlineData(0x3940_0020, false, "ldrb w0, [x1]")]
    [InlineData(0xF940_0420, false, "ldr x0, [x1, #8]")]
    [InlineData(0xB880_4420, false, "ldrsw x0, [x1], #4")]
    [InlineData(0xB85F_D020, false, "ldur w0, [x1, #-3]")]
    [InlineData(0xF840_0820, false, "ldtr x0, [x1]")]
    [InlineData(0x3CE2_6820, false, "ldr q0, [x1, x2]")]
    [InlineData(0xFC41_0C20, false, "ldr d0, [x1, #16]!")]
    [InlineData(0x5800_0080, false, "ldr x0, .+16")]
    [InlineData(0xA940_0440, false, "ldp x0, x1, [x2]")]
    [InlineData(0xAC40_0440, false, "ldnp q0, q1, [x2]")]
    [InlineData(0x6940_0440, false, "ldpsw x0, x1, [x2]")]
    [InlineData(0x4C40_A000, false, "ld1 {v0.16b, v1.16b}, [x0]")]
    [InlineData(0x4DC1_C800, false, "ld1r {v0.4s}, [x0], x1")]
    [InlineData(0x0D60_2C00, false, "ld4 {v0.b, v1.b, v2.b, v3.b}[3], [x0]")]
    [InlineData(0xC85F_7C20, false, "ldxr x0, [x1]")]
    [InlineData(0xC87F_0820, false, "ldxp x0, x2, [x1]")]
    [InlineData(0x88DF_FC20, false, "ldar w0, [x1]")]
    [InlineData(0x88DF_7C20, false, "ldlar w0, [x1]")]
    [InlineData(0xF8BF_C020, false, "ldapr x0, [x1]")]
    [InlineData(0xD940_8020, false, "ldapur x0, [x1, #8]")]
    [InlineData(0xF820_0420, false, "ldraa x0, [x1]")]
    [InlineData(0xF980_0000, false, "prfm pldl1keep, [x0]")]
    [InlineData(0x3900_0020, true, "strb w0, [x1]")]
    [InlineData(0xF800_8C20, true, "str x0, [x1, #8]!")]
    [InlineData(0x7800_1020, true, "sturh w0, [x1, #1]")]
    [InlineData(0xBC22_6820, true, "str s0, [x1, x2]")]
    [InlineData(0x3D80_0820, true, "str q0, [x1, #32]")]
    [InlineData(0x3CA2_6820, true, "str q0, [x1, x2]")]
    [InlineData(0xA9BF_07E0, true, "stp x0, x1, [sp, #-16]!")]
    [InlineData(0xAC00_0440, true, "stnp q0, q1, [x2]")]
    [InlineData(0x4C00_7000, true, "st1 {v0.16b}, [x0]")]
    [InlineData(0x0D82_B000, true, "st3 {v0.s, v1.s, v2.s}[1], [x0], x2")]
    [InlineData(0xC800_7C41, true, "stxr w0, x1, [x2]")]
    [InlineData(0xC820_0C41, true, "stxp w0, x1, x3, [x2]")]
    [InlineData(0xC89F_FC20, true, "stlr x0, [x1]")]
    [InlineData(0x9900_4020, true, "stlur w0, [x1, #4]")]
    [InlineData(0xC8A0_7C41, true, "cas x0, x1, [x2]")]
    [InlineData(0x4820_7C82, true, "casp x0, x1, x2, x3, [x4]")]
    [InlineData(0x08E0_FC41, true, "casalb w0, w1, [x2]")]
    [InlineData(0xF820_0041, true, "ldadd x0, x1, [x2]")]
    [InlineData(0xB8E0_8041, true, "swpal w0, w1, [x2]")]
    [InlineData(0xF820_003F, true, "stadd x0, [x1]")]
    [InlineData(0xD50B_7420, true, "dc zva, x0")]
    [InlineData(0x8B02_0020, null, "add x0, x1, x2")]
    [InlineData(0x1400_0002, null, "b .+8")]
    [InlineData(0xD503_201F, null, "nop")]
    [InlineData(0xD50B_7B20, null, "dc cvau, x0")]
    public void An_instruction_tells_whether_it_writes(uint word, bool? writes, string text)
    {
        Assert.True(writes == Arm64Instruction.Writes(word), text);
        Assert.Equal(writes, SystemFaults.IsWrite(word | (1UL << 63)));
    }

    [Theory]
    [InlineData(4, false)]
    [InlineData(6, true)]
    public void The_answer_of_x64_is_a_bit(ulong errorCode, bool writes) => Assert.Equal(writes, SystemFaults.IsWrite(errorCode));
}
