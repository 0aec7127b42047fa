using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Stores;

/// <summary>Slots of one home and one size that one thread has freed. They travel to the home's <see cref="Heaps.RemoteFrees"/> together.</summary>
/// <remarks>
/// <para>An array, as in <see cref="Magazine"/>. A list through the slots would cost the thread that takes it more: each slot comes from the
/// freeing thread's processor, and only then names the next one.</para>
/// <para>The receiver gives an empty batch back to its sender. So there are never more batches than were on the way at once.</para>
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = 256)]
internal struct RemoteBatch
{
    /// <summary>The most slots of a batch.</summary>
    public const int Length = 26;

    /// <summary>The bytes at which a batch is sent, however few its slots are.</summary>
    public const int MostBytes = 32 * 1024;

    /// <summary>The next batch in a list.</summary>
    public unsafe RemoteBatch* Next;

    /// <summary>The home of the slots.</summary>
    public unsafe Bin* Home;

    /// <summary>The identity of the heap that the blocks are from, if the home is a <see cref="Heaps.HeapBin"/>; 0 if not.</summary>
    public ulong HeapId;

    /// <summary>Their size class. The home does not say it if the home is a closed bin.</summary>
    public int SizeClass;

    /// <summary>The number of slots.</summary>
    public int Count;

    /// <summary>The number of slots at which the batch is sent.</summary>
    public int Limit;

    private SlotRow _slots;

    /// <summary>The outbox that has sent the batch. Untyped, because an outbox has batches.</summary>
    /// <safety>Outboxes are never unmapped.</safety>
    public unsafe void* Sender { get; private init; }

    /// <summary>The bytes of the blocks.</summary>
    public readonly long ByteCount => Count * (long)SizeClasses.SizeOf(SizeClass);

    /// <summary>A new batch without a destination; null if memory is exhausted.</summary>
    /// <safety>The sender is never unmapped. The batch belongs to the caller.</safety>
    public static unsafe RemoteBatch* TryCreate(void* sender)
    {
        try
        {
            FailPoint.ThrowIfRefused();
            var batch = (RemoteBatch*)NativeMemory.AlignedAlloc((nuint)sizeof(RemoteBatch), CacheLine.Size);
            *batch = new RemoteBatch { Sender = sender };
            return batch;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>Gives an empty batch a destination.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="home">The home of its slots.</param>
    /// <param name="sizeClass">Their size class.</param>
    /// <param name="heapId">See <see cref="HeapId"/>.</param>
    /// <param name="mayWait">Whether the batch may wait until it is full.</param>
    /// <safety>The batch belongs to the caller. Homes are never unmapped.</safety>
    public static unsafe void Address(RemoteBatch* batch, Bin* home, int sizeClass, ulong heapId, bool mayWait)
    {
        batch->Home = home;
        batch->SizeClass = sizeClass;
        batch->HeapId = heapId;
        batch->Count = 0;
        batch->Limit = mayWait ? (int)long.Clamp(MostBytes / (long)SizeClasses.SizeOf(sizeClass), 1, Length) : 1;
    }

    /// <summary>Puts a batch on top of a stack that any thread pushes to, and that is taken as a whole.</summary>
    /// <param name="top">The address of the batch on top; 0 if there is none.</param>
    /// <param name="batch">The batch.</param>
    /// <safety>The caller gives up the batch.</safety>
    public static unsafe void Push(ref nint top, RemoteBatch* batch)
    {
        nint below;
        do
        {
            below = Volatile.Read(ref top);
            batch->Next = (RemoteBatch*)below;
        }
        while (Interlocked.CompareExchange(ref top, (nint)batch, below) != below);
    }

    /// <summary>The slots of a batch.</summary>
    /// <safety>The batch is the caller's. Indexes are below <see cref="Length"/>.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Slot** Slots(RemoteBatch* batch) => (Slot**)&batch->_slots;

    [InlineArray(Length)]
    private struct SlotRow
    {
        private nint _first;
    }
}
