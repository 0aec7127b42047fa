using System.Buffers;
using System.Collections.Concurrent;

namespace NativeBuffers.Arrow;

/// <summary>An owner's memory in the hands of a consumer in C, from the export to the release.</summary>
/// <remarks>
/// The array in C has a number that is never used again, and no address. So a second release, through a copy of the array, finds nothing.
/// </remarks>
internal sealed class ExportedOwner
{
    private static readonly ConcurrentDictionary<long, ExportedOwner> s_exported = new();
    private static long s_lastNumber;

    private readonly NativeMemoryOwner<nint> _buffers;
    private readonly MemoryHandle _pinnedBuffers;
    private readonly MemoryHandle _pinnedElements;

    private ExportedOwner(MemoryHandle pinnedElements)
    {
        unsafe
        {
            // SAFETY: the address is copied, and not followed.
            _buffers = NativeMemoryOwner<nint>.CreateFrom([0, (nint)pinnedElements.Pointer]);
        }

        _pinnedBuffers = _buffers.Pin();
        _pinnedElements = pinnedElements;
    }

    /// <summary>Pins an owner's memory, and describes it.</summary>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    /// <safety><paramref name="array"/> points to a structure that may be overwritten.</safety>
    public static unsafe void Export<T>(NativeMemoryOwner<T> owner, ArrowArrayLayout* array)
        where T : unmanaged
    {
        // The borrow keeps the length until the pin does.
        using Borrow<T> elements = owner.Borrow();
        MemoryHandle pinned = owner.Pin();
        ExportedOwner exported;
        try
        {
            exported = new ExportedOwner(pinned);
        }
        catch
        {
            pinned.Dispose();
            throw;
        }

        long number = Interlocked.Increment(ref s_lastNumber);
        s_exported[number] = exported;
        *array = new ArrowArrayLayout
        {
            Length = elements.Length,
            BufferCount = 2,
            Buffers = (void**)exported._pinnedBuffers.Pointer,
            Release = &Release,
            PrivateData = (void*)number,
        };
    }

    /// <summary>The release function of exported arrays, for any thread.</summary>
    /// <safety><paramref name="array"/> is an array of <see cref="Export"/>, or a copy of one, and the consumer uses its elements no longer.</safety>
    [UnmanagedCallersOnly]
    private static unsafe void Release(ArrowArrayLayout* array)
    {
        array->Release = null;
        if (s_exported.TryRemove((long)array->PrivateData, out ExportedOwner? exported))
        {
            exported._pinnedBuffers.Dispose();
            exported._buffers.Dispose();
            exported._pinnedElements.Dispose();
        }
    }
}
