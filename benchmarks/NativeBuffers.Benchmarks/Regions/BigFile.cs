namespace NativeBuffers.Benchmarks.Regions;

/// <summary>A file of 1 GB in the page cache, deleted when disposed.</summary>
internal sealed class BigFile : IDisposable
{
    private const int ByteCount = 1_000_000_000;
    private const int PieceLength = 1_000_000;

    private BigFile()
    {
        byte[] piece = new byte[PieceLength];
        new Random(1).NextBytes(piece);
        using FileStream file = File.Create(Path);
        for (int written = 0; written < ByteCount; written += PieceLength)
        {
            file.Write(piece);
        }
    }

    public static string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"NativeBuffers-{Environment.ProcessId}.big");

    public static IDisposable Create() => new BigFile();

    public void Dispose() => File.Delete(Path);
}
