using System.Globalization;

namespace NativeBuffers.GuardReport;

/// <summary>Prints a line for each report of a folder.</summary>
internal static class ReportList
{
    /// <summary>Prints the lines; false if there is no report that can be read.</summary>
    public static bool Print(string folder)
    {
        bool isAnyRead = false;
        foreach (string path in NativeMemoryReport.Find(folder))
        {
            string text;
            try
            {
                NativeMemoryReport report = NativeMemoryReport.Read(path);
                text = string.Create(
                    CultureInfo.InvariantCulture, $"process {report.ProcessId}, {report.Program}, guarding since {report.StartedAt:u}: {report.Explain()}");
                isAnyRead = true;
            }
            catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
            {
                // The report is of another version or user, or was deleted.
                text = exception.Message;
            }

            Console.WriteLine($"{path}: {text}");
        }

        return isAnyRead;
    }
}
