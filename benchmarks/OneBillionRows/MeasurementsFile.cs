namespace OneBillionRows;

/// <summary>The generated input, made once and kept in the user's folder for data of programs.</summary>
internal static class MeasurementsFile
{
    private const ulong Seed = 1_000_000_000;

    /// <summary>Everything that the rows depend on is in the name, so a file of that name has the right contents.</summary>
    public static string PathFor(long rowCount) =>
        Path.Combine(Folder, $"measurements-v{Measurements.Version}-seed{Seed}-rows{rowCount}.txt");

    private static string Folder
    {
        get
        {
            string data = Environment.GetFolderPath(
                Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
            return Path.Combine(data.Length > 0 ? data : Path.GetTempPath(), "NativeBuffers", "OneBillionRows");
        }
    }

    /// <summary>The file's path; generates it when it is not there. An interrupted generation leaves no file of that name.</summary>
    public static string Provide(long rowCount)
    {
        string path = PathFor(rowCount);
        if (File.Exists(path))
            return path;

        Directory.CreateDirectory(Folder);
        string partial = $"{path}.{Environment.ProcessId}.partial";
        using var interrupted = new CancellationTokenSource();
        ConsoleCancelEventHandler interrupt = (_, e) =>
        {
            e.Cancel = true;
            interrupted.Cancel();
        };
        Console.CancelKeyPress += interrupt;
        try
        {
            ProgressDisplay.Show($"Generating {rowCount:N0} rows", rowCount, display =>
            {
                using FileStream file = File.Create(partial, bufferSize: 0);
                Measurements.Write(file, rowCount, Seed, display.Set, interrupted.Token);
            });
            File.Move(partial, path, overwrite: true);
            return path;
        }
        finally
        {
            Console.CancelKeyPress -= interrupt;
            File.Delete(partial);
        }
    }
}
