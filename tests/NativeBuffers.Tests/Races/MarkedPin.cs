using System.Buffers;

namespace NativeBuffers.Tests.Races;

/// <summary>A pin of elements that hold a mark: any thread may end it, more than once.</summary>
internal sealed class MarkedPin(MemoryHandle handle, int length, long mark)
{
    /// <summary>Uses the elements. The caller knows that the pin has not ended.</summary>
    public unsafe void Use(Random random) => Mark.Use(new Span<long>(handle.Pointer, length), mark, random);

    /// <summary>Ends the pin through a copy of its handle.</summary>
    public void End()
    {
        MemoryHandle copy = handle;
        copy.Dispose();
    }
}
