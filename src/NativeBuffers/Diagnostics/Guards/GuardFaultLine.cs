using System.Text;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The line that a process writes to the error stream when it touches a guarded block wrongly.</summary>
/// <remarks>
/// The fault handler of the process writes the line: without it, the error stream would show only <c>AccessViolationException</c>. So the
/// line is complete before the fault, and no other process has to look for reports.
/// </remarks>
internal static class GuardFaultLine
{
    private const string Begin = "NativeBuffers: a guarded block was used wrongly. It was allocated at ";
    private const string Freed = ", freed at ";

    /// <summary>Makes a line without records; null if memory is exhausted.</summary>
    /// <param name="reportPath">The path of the report; null if there is none.</param>
    /// <safety>The line and its texts stay for as long as the process lives.</safety>
    public static unsafe FaultLine* Make(string? reportPath)
    {
        string end = reportPath is null ? ". There is no report.\n" : $". More: nativebuffers-guard {Quoted(reportPath)}\n";
        byte[] begin = Text(Begin);
        byte[] freed = Text(Freed);
        byte[] more = Text(end);
        nuint byteCount = (nuint)(sizeof(FaultLine) + begin.Length + freed.Length + more.Length);
        byteCount = (byteCount + SystemMemory.PageSize - 1) & ~(SystemMemory.PageSize - 1);
        var line = (FaultLine*)Host.Memory.Allocate(byteCount, 1);
        if (line == null)
        {
            return null;
        }

        line->Begin = (byte*)(line + 1);
        line->Freed = line->Begin + begin.Length;
        line->End = line->Freed + freed.Length;
        begin.CopyTo(new Span<byte>(line->Begin, begin.Length));
        freed.CopyTo(new Span<byte>(line->Freed, freed.Length));
        more.CopyTo(new Span<byte>(line->End, more.Length));
        return line;
    }

    /// <summary>A path, quoted for a shell.</summary>
    private static string Quoted(string path) =>
        path.All(static each => char.IsLetterOrDigit(each) || each is '/' or '.' or '_' or '-') ? path : $"'{path.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    /// <summary>A text in UTF-8 with a zero at its end, and none before.</summary>
    private static byte[] Text(string text) => [.. Encoding.UTF8.GetBytes(text.Replace("\0", "", StringComparison.Ordinal)), 0];
}
