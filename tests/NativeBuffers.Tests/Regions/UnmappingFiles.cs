using Microsoft.Win32.SafeHandles;
using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Tests.Regions;

/// <summary>A system that cuts no mapped file, as Windows, and refuses calls for a test.</summary>
internal sealed class UnmappingFiles : SystemFiles
{
    public override bool MustUnmapToCut => true;

    /// <summary>Whether it cuts no file, as if another program had it mapped.</summary>
    public bool RefusesToCut { get; set; }

    /// <summary>Whether it maps nothing: by an exception, or by null.</summary>
    public bool ThrowsAtMapping { get; set; }

    /// <inheritdoc cref="ThrowsAtMapping"/>
    public bool RefusesToMap { get; set; }

    /// <summary>How many mappings there are.</summary>
    public int Count { get; private set; }

    public override bool IsPlainFile(string path) => Host.Files.IsPlainFile(path);

    public override unsafe void* Map(SafeFileHandle file, nuint byteCount, bool canWrite, string name = "A file", long offset = 0)
    {
        if (ThrowsAtMapping)
        {
            throw new IOException("It is not mapped.");
        }

        if (RefusesToMap)
        {
            return null;
        }

        Count++;
        return Host.Files.Map(file, byteCount, canWrite, name, offset);
    }

    public override string? EndOf(string link) => Host.Files.EndOf(link);

    public override SafeFileHandle? TryCreateBeside(string path, out string? temporaryPath) => Host.Files.TryCreateBeside(path, out temporaryPath);

    public override bool TryPutInPlace(SafeFileHandle file, ref string? temporaryPath, string path) =>
        Host.Files.TryPutInPlace(file, ref temporaryPath, path);

    public override unsafe bool TryMapAt(SafeFileHandle file, void* start, nuint byteCount) => false;

    public override unsafe void* Remap(SafeFileHandle file, void* start, nuint oldByteCount, nuint newByteCount, string name)
    {
        Assert.True(newByteCount >= oldByteCount);
        return Host.Files.Remap(file, start, oldByteCount, newByteCount, name);
    }

    public override unsafe void Unmap(void* start, nuint byteCount)
    {
        Count--;
        Host.Files.Unmap(start, byteCount);
    }

    public override unsafe void Flush(SafeFileHandle file, void* start, nuint byteCount, string name) =>
        Host.Files.Flush(file, start, byteCount, name);

    public override unsafe void ExpectSequential(void* start, nuint byteCount) => Host.Files.ExpectSequential(start, byteCount);

    public override void SetLength(SafeFileHandle file, long byteCount, string name = "A file")
    {
        if (RefusesToCut)
        {
            throw new IOException("Another program has it mapped.");
        }

        Host.Files.SetLength(file, byteCount, name);
    }
}
