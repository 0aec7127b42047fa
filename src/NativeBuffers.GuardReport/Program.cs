using System.Globalization;

namespace NativeBuffers.GuardReport;

/// <summary>The command <c>nativebuffers-guard</c>.</summary>
public static class Program
{
    private const string Usage = """
        nativebuffers-guard REPORT [ADDRESS]

        Says which block a process used wrongly that NativeBuffers guarded by pages, and at which lines of
        its source it was allocated and freed.

          REPORT     the file the process has left: nativebuffers-PID-STARTTIME-RANDOM.guard in the folder
                     for temporary files, or in the one that NATIVEBUFFERS_GUARD_REPORT names;
                     or the number of the process: the newest report of such a process in that folder;
                     or a folder: a line for each report in it, the newest first
          ADDRESS    which address to explain, in hexadecimal; without, the one of the recorded fault
          --help     says this

        Exit code: 0; 1 if no report can be read, the output cannot be written, or the arguments are
        none of these.
        """;

    /// <summary>Runs it.</summary>
    /// <param name="arguments">The arguments of the command.</param>
    /// <returns>The exit code.</returns>
    public static int Main(string[] arguments)
    {
        try
        {
            return Run(arguments);
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            // There is no report, or the output cannot be written.
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
                return Refuse($"'{folder}' is a folder: an address belongs to one report.");
            case [string name] when !name.StartsWith('-'):
                return Explain(name, address: null);
            case [string name, string text] when !name.StartsWith('-') && Address.TryParse(text, out address):
                return Explain(name, address);
            case [_, string text]:
                return Refuse($"'{text}' is no address: write it in hexadecimal, like 0x7f12aab40ffc.");
            default:
                return Refuse("Name one report, and perhaps an address; --help says more.");
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
