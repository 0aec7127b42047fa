namespace NativeBuffers.Tests.TestKit;

/// <summary>A folder for one test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("native-buffers-").FullName;

    /// <summary>The path of a file in it.</summary>
    public string File(string name = "file") => Path.Combine(_path, name);

    /// <summary>The path of a file in it that has these bytes.</summary>
    public string FileOf(ReadOnlySpan<byte> content, string name = "file")
    {
        System.IO.File.WriteAllBytes(File(name), content);
        return File(name);
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
