using System.Diagnostics;

namespace NativeBuffers.Buffers;

/// <summary>The elements of an owner or a borrow, for the debugger. It reads and changes no state, and an ended owner has no elements.</summary>
internal sealed class ElementsDebugView<T>
    where T : unmanaged
{
    /// <summary>The most elements that a debugger shows, of an owner that can have more than an array.</summary>
    private const int Most = 1 << 20;

    public ElementsDebugView(NativeBuffer<T> buffer) => Elements = buffer.IsDisposed ? [] : buffer.ToArray();

    public ElementsDebugView(PooledBuffer<T> buffer) => Elements = buffer.IsDisposed ? [] : buffer.ToArray();

    public ElementsDebugView(Borrow<T> borrow) => Elements = borrow.IsActive ? Copy(borrow) : [];

    public ElementsDebugView(ReadOnlyBorrow<T> borrow)
        : this(borrow.AsBorrow())
    {
    }

    public ElementsDebugView(NativeMemoryOwner<T> owner)
    {
        // A borrow could make the slot a shared one. A debugger stops all threads, so the span stays valid.
        Elements = owner.IsDisposed ? [] : owner.GetSpan(0, Most).ToArray();
        GC.KeepAlive(owner);
    }

    [DebuggerBrowsable(DebuggerBrowsableState.RootHidden)]
    public T[] Elements { get; }

    private static T[] Copy(Borrow<T> borrow) => borrow.AsSpan(0, (int)long.Min(borrow.Length, Most)).ToArray();
}
