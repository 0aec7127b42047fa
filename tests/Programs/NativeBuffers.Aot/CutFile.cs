namespace NativeBuffers.Aot;

/// <summary>Reads a page of a mapped file that was cut off by then: a bus error, for which NativeAOT has no handler.</summary>
internal static class CutFile
{
    public static void Run()
    {
        // The first buffer starts what notes faults.
        using var buffer = NativeBuffer.Create<byte>(100);
        string path = Path.GetTempFileName();
        using MappedFile<byte> file = MappedFile<byte>.Create(path, 3 * Environment.SystemPageSize);
        using Borrow<byte> borrow = file.Borrow();
        using (FileStream cut = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            cut.SetLength(10);
        }

        File.Delete(path);
        unsafe
        {
            fixed (byte* start = borrow.Span)
            {
                Console.WriteLine($"page at {(long)start + Environment.SystemPageSize}");
                Console.Out.Flush();
                Console.WriteLine($"read {start[Environment.SystemPageSize]}");
            }
        }
    }
}
