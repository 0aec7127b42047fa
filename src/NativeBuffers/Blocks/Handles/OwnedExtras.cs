using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Blocks.Handles;

/// <summary>The part of an <see cref="OwnedBlock"/> that few owners need, in an object of its own: most owners are never pinned, and never shrink.</summary>
/// <param name="cleaner">The cleaner of the slot, which this keeps reachable. Null if the owner has a finalizer itself.</param>
internal sealed class OwnedExtras(Cleaner? cleaner)
{
    /// <summary>The pins that the owner may end.</summary>
    public PinList Pins;

    private long _longest;

    /// <summary>The cleaner of the slot. Null if the owner has a finalizer itself.</summary>
    public Cleaner? Cleaner => cleaner;

    /// <summary>The largest length from which a resize has shrunk the owner; 0 if none has.</summary>
    public long Longest => Volatile.Read(ref _longest);

    /// <summary>Notes a length before another thread can see a smaller one. For a thread that excludes the other threads.</summary>
    public void NoteLongest(long length) => Volatile.Write(ref _longest, long.Max(_longest, length));
}
