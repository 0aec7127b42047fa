namespace NativeBuffers.GuardReport;

/// <summary>The command <c>nativebuffers-guard</c>.</summary>
public static class Program
{
    private const string Usage = """
        nativebuffers-guard REPORT [ADDRESS]

        Says which block a process used wrongly that NativeBuffers guarded by pages, and at which lines of
        its source it was allocated and freed.

          REPORT     the file the process has left: nativebuffers-PID.guard in the folder for temporary
                     files, or in the one that NATIVEBUFFERS_GUARD_REPORT named
          ADDRESS    which address to explain, in hexadecimal; without, the one of the recorded fault
          --help     says this

        Exit code: 0; 1 if the report cannot be read, the output cannot be written, or the arguments are
        none of these.
        """;

    /// <summary>Runs it.</summary>
    /// <param name="arguments">The words behind the command.</param>
    /// <returns>The exit code.</returns>
    public static int Main(string[] arguments)
    {
        try
        {
            return Run(arguments);
        }
        catch (IOException exception)
        {
            // The output cannot be written.
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
            case [string path] when !path.StartsWith('-'):
                return Read(path) is { } whole ? ReportPage.Print(whole, address: null) : 1;
            case [string path, string text] when Address.TryParse(text, out address):
                return Read(path) is { } report ? ReportPage.Print(report, address) : 1;
            case [_, string text]:
                return Refuse($"'{text}' is no address: write it in hexadecimal, like 0x7f12aab40ffc.");
            default:
                return Refuse("Name one report, and perhaps an address; --help says more.");
        }
    }

    private static NativeMemoryReport? Read(string path)
    {
        try
        {
            return NativeMemoryReport.Read(path);
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            _ = Refuse(exception.Message);
            return null;
        }
    }

    private static int Refuse(string mistake)
    {
        Console.Error.WriteLine(mistake);
        return 1;
    }
}
