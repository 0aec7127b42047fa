using NativeBuffers.Platform;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Tests.Regions;

/// <summary>The system's memory. A test sees each request just before it is made, and may refuse it.</summary>
internal sealed class ObservedMemory : SystemMemory
{
    public const int FakeHugePage = 2 << 20;

    /// <summary>The reservations to refuse.</summary>
    public HashSet<PageKind> RefusedKinds { get; } = [];

    /// <summary>Whether to say that there are explicit huge pages, and give ordinary ones for them.</summary>
    public bool HasFakeHugePages { get; init; }

    /// <summary>Refuses one call that may be refused, after this number of calls; negative for none.</summary>
    public int RefusesAfter { get; set; } = -1;

    public bool HasRefused { get; private set; }

    public bool RefusesLocks { get; set; }

    /// <summary>Told of pages, and how many bytes, whose memory is about to be given back.</summary>
    public Action<nint, long>? BeforeLoss { get; set; }

    public nint Reserved { get; private set; }

    public long ReservedByteCount { get; private set; }

    public long FreedByteCount { get; private set; }

    public override string LockLimit => Host.Memory.LockLimit;

    public override unsafe void* Allocate(nuint byteCount, nuint alignment) => Host.Memory.Allocate(byteCount, alignment);

    public override unsafe void* Resize(void* start, nuint oldByteCount, nuint newByteCount) =>
        Host.Memory.Resize(start, oldByteCount, newByteCount);

    public override unsafe void Free(void* start, nuint byteCount)
    {
        Lose(start, byteCount);
        FreedByteCount += (long)byteCount;
        Host.Memory.Free(start, byteCount);
    }

    public override unsafe void* Reserve(nuint byteCount, PageKind kind)
    {
        void* start = RefusedKinds.Contains(kind) ? null : Host.Memory.Reserve(byteCount, Real(kind));
        Reserved = (nint)start;
        ReservedByteCount = (long)byteCount;
        return start;
    }

    public override nuint PageSizeOf(PageKind kind) =>
        kind == PageKind.Explicit && HasFakeHugePages ? FakeHugePage : Host.Memory.PageSizeOf(kind);

    public override string RefusalOf(PageKind kind) => RefusedKinds.Contains(kind) ? $"No {kind} here." : Host.Memory.RefusalOf(kind);

    public override unsafe bool Commit(void* start, nuint byteCount) => !Refuses() && Host.Memory.Commit(start, byteCount);

    public override unsafe bool Decommit(void* start, nuint byteCount, PageKind kind)
    {
        Lose(start, byteCount);
        return !Refuses() && Host.Memory.Decommit(start, byteCount, Real(kind));
    }

    public override unsafe bool Discard(void* start, nuint byteCount, bool isLocked, bool isReadable, bool isWritable)
    {
        Lose(start, byteCount);
        return Host.Memory.Discard(start, byteCount, isLocked, isReadable, isWritable);
    }

    public override unsafe bool Protect(void* start, nuint byteCount, bool isReadable, bool isWritable) =>
        !Refuses() && Host.Memory.Protect(start, byteCount, isReadable, isWritable);

    public override unsafe bool Lock(void* start, nuint byteCount) => !RefusesLocks && !Refuses() && Host.Memory.Lock(start, byteCount);

    public override unsafe void Unlock(void* start, nuint byteCount) => Host.Memory.Unlock(start, byteCount);

    public override unsafe void FindResident(void* start, Span<byte> pages) => Host.Memory.FindResident(start, pages);

    private PageKind Real(PageKind kind) => kind == PageKind.Explicit && HasFakeHugePages ? PageKind.Ordinary : kind;

    private bool Refuses()
    {
        bool refuses = RefusesAfter == 0;
        RefusesAfter = int.Max(RefusesAfter - 1, -1);
        HasRefused |= refuses;
        return refuses;
    }

    private unsafe void Lose(void* start, nuint byteCount) => BeforeLoss?.Invoke((nint)start, (long)byteCount);
}
