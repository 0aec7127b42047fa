using System.Text.RegularExpressions;

namespace NativeBuffers.Tests.CodeGen;

/// <summary>The number with which a method guards its stack, written as <c>COOKIE</c>.</summary>
/// <remarks>
/// The runtime takes this number from the clock, once for each process: the milliseconds since the machine's start. A
/// method with a <c>stackalloc</c> stores it at its beginning, and compares before it returns. From 2^31 on, which is after
/// 24.8 days, the number no longer fits into these instructions, and goes through a register first.
/// </remarks>
internal static partial class StackCookie
{
    private const string Placeholder = "COOKIE";

    /// <summary>The lines of one method: the number replaced, and the loads of a register with it left out.</summary>
    public static string[] Normalize(string[] lines) =>
        Check().Match(string.Join('\n', lines)) is { Success: true } check
            ? [.. WithoutNumber(lines, check.Groups["number"].Value)]
            : lines;

    private static IEnumerable<string> WithoutNumber(string[] lines, string number)
    {
        bool isInRegister = false;
        foreach (string line in lines)
        {
            if (Load().Match(line) is { Success: true } load && load.Groups["number"].Value == number)
            {
                isInRegister = true;
            }
            else
            {
                bool isNumber = line.EndsWith($", {number}", StringComparison.Ordinal);
                yield return isNumber || isInRegister ? $"{line[..line.LastIndexOf(',')]}, {Placeholder}" : line;
                isInRegister = false;
            }
        }
    }

    /// <summary>The comparison, and the code that runs if it fails.</summary>
    [GeneratedRegex(@"(?:(?:mov +\w+, (?<number>\w+)\s+cmp +qword ptr \[[^\]]+\], r\w+)|(?:cmp +qword ptr \[[^\]]+\], (?<number>\d\w*)))\s+je +[^\n]+\n\s+call +CORINFO_HELP_FAIL_FAST")]
    private static partial Regex Check();

    [GeneratedRegex(@"^\s+mov +\w+, (?<number>\d\w*)$")]
    private static partial Regex Load();
}
