using System.Text.RegularExpressions;

namespace NativeBuffers.Tests.CodeGen;

/// <summary>One machine instruction for x64, as the just-in-time compiler prints it.</summary>
/// <param name="Text">The mnemonic and its operands.</param>
internal sealed partial record Instruction(string Text)
{
    public string Mnemonic => Text.Split(' ', 2)[0];

    public bool IsCall => Mnemonic == "call";

    /// <summary>The text, but for addresses that differ from run to run.</summary>
    public string WithoutAddresses => Address().Replace(MethodLabel().Replace(Text, "G_M"), "0xADDRESS");

    /// <summary>Whether it may go elsewhere, conditionally or not.</summary>
    public bool IsJump => Mnemonic[0] == 'j';

    /// <summary>Whether the instruction after it is never next.</summary>
    public bool EndsBlock => Mnemonic is "ret" or "int3" or "jmp";

    /// <summary>The label that a jump goes to; null for all else.</summary>
    public string? Target => IsJump ? Label().Match(Text) is { Success: true } match ? match.Value : null : null;

    /// <summary>The name of the method or helper that is called; null for the system's resolver of thread-local storage, which has none.</summary>
    public string? Callee
    {
        get
        {
            // The longest part: the last one may be a type argument, such as int.
            string[] parts = Text.Split([' ', '[', ']', ';'], StringSplitOptions.RemoveEmptyEntries);
            return IsCall && parts.Skip(1).MaxBy(static part => part.Length) is { Length: > 3 } name ? name : null;
        }
    }

    /// <summary>Whether it asks where the thread's own statics are.</summary>
    public bool FindsThreadStatics => IsCall && (Callee?.Contains("THREADSTATIC", StringComparison.Ordinal) ?? true);

    /// <summary>Whether it reads the stack frame into a general register, or compares with it.</summary>
    /// <remarks>
    /// A span is an address and a length, which live in general registers. A floating-point sum that is kept in the frame
    /// is not counted: that is the calling convention's doing, with raw pointers too.
    /// </remarks>
    /// <param name="isRbpFrame">Whether the method addresses its frame by <c>rbp</c>.</param>
    public bool ReadsFrame(bool isRbpFrame) =>
        AddressInFrame(isRbpFrame) >= 0 && !WritesFrame(isRbpFrame) && Mnemonic != "lea" && Mnemonic[0] != 'v'
            && !Text.Contains("xmm", StringComparison.Ordinal);

    /// <summary>Whether it stores to the stack frame.</summary>
    /// <param name="isRbpFrame">Whether the method addresses its frame by <c>rbp</c>.</param>
    public bool WritesFrame(bool isRbpFrame) =>
        AddressInFrame(isRbpFrame) is >= 0 and var address && Mnemonic.Contains("mov", StringComparison.Ordinal) && address < Text.IndexOf(',');

    private int AddressInFrame(bool isRbpFrame)
    {
        int address = Text.IndexOf(isRbpFrame ? "[rbp" : "[rsp", StringComparison.Ordinal);
        return address >= 0 ? address : Text.IndexOf("[rsp", StringComparison.Ordinal);
    }

    /// <summary>The text with other names for registers, so that it can be compared; how wide they are used stays.</summary>
    /// <param name="registers">The registers seen before; new ones are added.</param>
    /// <param name="labels">The names of the targets of jumps.</param>
    public string Rename(List<string> registers, IReadOnlyDictionary<string, int> labels)
    {
        // A short jump or a long one: only how far away the compiler has put the rest.
        string text = Text.Replace("SHORT ", string.Empty, StringComparison.Ordinal);
        text = Label().Replace(text, match => labels.TryGetValue(match.Value, out int index) ? $"L{index}" : match.Value);
        return Register().Replace(
            text,
            match =>
            {
                string number = match.Groups["number"].Value;
                (string name, string width) = number.Length > 0
                    ? (number, match.Groups["part"].Value is { Length: > 0 } part ? part : "q")
                    : (match.Groups["name"].Value, match.Value[0] == 'r' ? "q" : "d");
                int index = registers.IndexOf(name);
                if (index < 0)
                {
                    index = registers.Count;
                    registers.Add(name);
                }

                return $"{width}{index}";
            });
    }

    public override string ToString() => Text;

    [GeneratedRegex("0x[0-9A-Fa-f]{7,16}")]
    private static partial Regex Address();

    [GeneratedRegex("G_M[0-9]+")]
    private static partial Regex MethodLabel();

    [GeneratedRegex("G_M[0-9]+_IG[0-9]+")]
    private static partial Regex Label();

    [GeneratedRegex(@"\b(?:[re](?<name>ax|bx|cx|dx|si|di|bp|sp)|r(?<number>8|9|1[0-5])(?<part>[dwb]?))\b")]
    private static partial Regex Register();
}
