using System.Text;
using NativeBuffers.Os;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The line on the error stream that a process ends with when a guarded block was touched where it must not be.</summary>
/// <remarks>
/// The process writes it itself, from its handler of faults, since whoever reads the error stream would else see no more than
/// <c>AccessViolationException</c>. So nothing has to be started, and no later process has to look for what an earlier one has left.
/// </remarks>
internal static class GuardFaultLine
{
    private const string Begin = "NativeBuffers: a guarded block was used wrongly. It was allocated at ";
    private const string Freed = ", freed at ";

    /// <summary>The line, ready to be written, without records yet; null when memory is exhausted.</summary>
    /// <param name="reportPath">The report; null if there is none.</param>
    /// <safety>It stays for as long as the process lives.</safety>
    public static unsafe FaultLine* Make(string? reportPath)
    {
        string end = reportPath is null ? ". There is no report.\n" : $". More: nativebuffers-guard {Quoted(reportPath)}\n";
        byte[] begin = Text(Begin);
        byte[] freed = Text(Freed);
        byte[] more = Text(end);
        nuint byteCount = (nuint)(sizeof(FaultLine) + begin.Length + freed.Length + more.Length);
        byteCount = (byteCount + SystemMemory.PageSize - 1) & ~(SystemMemory.PageSize - 1);
        var line = (FaultLine*)SystemMemory.Current.Allocate(byteCount, 1);
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

    /// <summary>A path as a shell reads it.</summary>
    private static string Quoted(string path) => path.Contains(' ', StringComparison.Ordinal) ? $"'{path}'" : path;

    /// <summary>With a zero at its end, and none before.</summary>
    private static byte[] Text(string text) => [.. Encoding.UTF8.GetBytes(text.Replace("\0", "", StringComparison.Ordinal)), 0];
}
