namespace OneBillionRows.Tests;

/// <summary>A file for one test.</summary>
public sealed class TemporaryFile : IDisposable
{
    public TemporaryFile(byte[] contents)
    {
        Path = System.IO.Path.GetTempFileName();
        File.WriteAllBytes(Path, contents);
    }

    public string Path { get; }

    public void Dispose() => File.Delete(Path);
}
