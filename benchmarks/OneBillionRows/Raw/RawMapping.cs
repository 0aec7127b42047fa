using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace OneBillionRows.Raw;

/// <summary>The file in memory, by the platform's own means: an address and a length.</summary>
internal sealed class RawMapping : IDisposable
{
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly unsafe byte* _start;

    public RawMapping(string path)
    {
        SafeFileHandle handle = File.OpenHandle(path);
        Length = RandomAccess.GetLength(handle);
        if (Length == 0)
        {
            // The platform maps no empty file.
            handle.Dispose();
            return;
        }

        _file = MemoryMappedFile.CreateFromFile(
            handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        unsafe
        {
            // SAFETY: released when this is disposed.
            byte* start = null;
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            _start = start;
        }
    }

    public long Length { get; }

    /// <summary>The file's first byte, until this is disposed.</summary>
    public unsafe byte* Start => _start;

    public void Dispose()
    {
        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _file?.Dispose();
    }
}
