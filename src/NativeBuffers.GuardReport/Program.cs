using System.Globalization;

namespace NativeBuffers.GuardReport;

/// <summary>The command <c>nativebuffers-guard</c>.</summary>
public static class Program
{
    private const string Usage = """
        nativebuffers-guard REPORT [ADDRESS]

        Explains which guarded block a process used wrongly, and which lines of its source allocated and
        freed the block. The process must have used the page guards of NativeBuffers.

          REPORT     the report that the process left: nativebuffers-PID-STARTTIME-RANDOM.guard in the
                     folder that NATIVEBUFFERS_GUARD_REPORT names, or in the one for temporary files;
                     or the number of the process, for the newest report with this number in that folder;
                     or a folder, for one line for each of its reports, the newest first
          ADDRESS    the address to explain, in hexadecimal; by default the address of the recorded fault
          --help     prints this text

        Exit code: 0; 1 if no report can be read, the output cannot be written, or the arguments are
        not as above.
        """;

    /// <summary>Runs the command.</summary>
    /// <param name="arguments">The arguments of the command.</param>
    /// <returns>The exit code.</returns>
    public static int Main(string[] arguments)
    {
        try
        {
            return Run(arguments);
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException
    or ArgumentException or NotSupportedException)
        {
            // The report cannot be read, or the output cannot be written.
            return Refuse(exception.Message);
        }
    }

    private static int Run(string[] arguments)
    {
        nuint address = 0;
        switch (arguments)
        {
            case ["--help" or "-h" or "-?"]:
                Console.WriteLine(Usage);
                return 0;
            case [string folder] when Directory.Exists(folder):
                return ReportList.Print(folder) ? 0 : Refuse($"'{folder}' has no report that can be read. A process that ends in order deletes its own.");
            case [string folder, _] when Directory.Exists(folder):
                return Refuse($"'{folder}' is a folder: name one report to explain an address.");
            case [string name] when !name.StartsWith('-'):
                return Explain(name, address: null);
            case [string name, string text] when !name.StartsWith('-') && Address.TryParse(text, out address):
                return Explain(name, address);
            case [_, string text]:
                return Refuse($"'{text}' is not an address: write it in hexadecimal, like 0x7f12aab40ffc.");
            default:
                return Refuse("Name one report, and optionally an address; --help explains them.");
        }
    }

    private static int Explain(string name, nuint? address)
    {
        string path = name;
        if (!File.Exists(name) && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int processId))
        {
            IReadOnlyList<string> found = NativeMemoryReport.Find(processId: processId);
            if (found.Count == 0)
            {
                return Refuse($"There is no report of a process {processId}. NATIVEBUFFERS_GUARD_REPORT names another folder to look in.");
            }

            path = found[0];
        }

        return ReportPage.Print(NativeMemoryReport.Read(path), address);
    }

    private static int Refuse(string mistake)
    {
        Console.Error.WriteLine(mistake);
        return 1;
    }
}
