using System.Globalization;

namespace NativeBuffers.GuardReport;

/// <summary>What the command prints of a folder: a line for each report.</summary>
internal static class ReportList
{
    /// <summary>False if there is no report, or none that can be read.</summary>
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
                // Of another version, of another user, or gone by now.
                text = exception.Message;
            }

            Console.WriteLine($"{path}: {text}");
        }

        return isAnyRead;
    }
}
