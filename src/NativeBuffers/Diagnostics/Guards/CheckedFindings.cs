using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Finds damage in checked blocks, and describes it in plain words.</summary>
internal static class CheckedFindings
{
    /// <summary>
    /// The noted site in the lower half, this thread in the upper half: for <see cref="CheckedHeader.Allocation"/> and
    /// <see cref="CheckedHeader.Release"/>.
    /// </summary>
    public static ulong SiteAndThread => (uint)AllocationSite.Noted.Id | ((ulong)(uint)Environment.CurrentManagedThreadId << 32);

    /// <summary>Whether the caller uses bare blocks, so that a violation is thrown; owners never throw one.</summary>
    public static bool MayThrow => AllocationSite.Noted.IsOfBareBlock;

    /// <summary>The damage in a block that is in use or in a quarantine; null if there is none.</summary>
    /// <safety>The block is in use or in a quarantine: its header, the block and its red zones can be read.</safety>
    public static unsafe NativeMemoryViolation? In(CheckedHeader* header) =>
        !header->IsFreed ? InLive(header, release: 0) : SharedQuarantine.IsTooLarge(header) ? null : InFreed(header);

    /// <summary>The damage around a block in use; null if there is none. <paramref name="release"/> is 0 if the block is not being freed.</summary>
    /// <inheritdoc cref="In" path="/safety"/>
    public static unsafe NativeMemoryViolation? InLive(CheckedHeader* header, ulong release)
    {
        if (!CheckedHeader.IsIntact(header))
        {
            return Corrupted(header, release);
        }

        RedZones zones = RedZones.Of(header);
        byte* block = (byte*)(header + 1);
        nuint before = CountBefore(header, zones);
        if (before != 0)
        {
            return Make(
                NativeMemoryViolationKind.Underflow, header, release, $"Underflow: {Bytes(before)} before {Block(header)} {Were(before)} overwritten.");
        }

        nuint past = FillPattern.CountChanged(block + header->Length, block + zones.Room, out nuint first);
        string where = first == 0 ? "" : $", the first {Bytes(first)} past its end";
        return past == 0
            ? null
            : Make(NativeMemoryViolationKind.Overflow, header, release, $"Overflow: {Bytes(past)} past {Block(header)} {Were(past)} overwritten{where}.");
    }

    /// <summary>The damage in and around a block in a quarantine; null if there is none.</summary>
    /// <inheritdoc cref="In" path="/safety"/>
    public static unsafe NativeMemoryViolation? InFreed(CheckedHeader* header)
    {
        if (!CheckedHeader.IsIntact(header))
        {
            return Corrupted(header, release: 0);
        }

        RedZones zones = RedZones.Of(header);
        byte* block = (byte*)(header + 1);
        nuint before = CountBefore(header, zones);
        nuint count = before + FillPattern.CountChanged(block, block + zones.Room, out nuint first);
        if (count == 0)
        {
            return null;
        }

        string where = before != 0 ? $"before {Block(header)}"
            : first >= header->Length ? $"past {Block(header)}"
            : $"of {Block(header)}, from byte {first.ToString("N0", CultureInfo.InvariantCulture)} on,";
        return Make(
            NativeMemoryViolationKind.WriteAfterFree, header, header->Release, $"Write after free: {Bytes(count)} {where} {Were(count)} overwritten.");
    }

    /// <safety>The header is intact.</safety>
    public static unsafe NativeMemoryViolation DoubleFree(CheckedHeader* header, ulong again) =>
        Make(NativeMemoryViolationKind.DoubleFree, header, header->Release, $"Double free: {Block(header)} was freed twice.", $"; again {Place(again)}");

    /// <safety>The header is intact.</safety>
    public static unsafe NativeMemoryViolation WrongSize(CheckedHeader* header, nuint byteCount, ulong release) =>
        Make(NativeMemoryViolationKind.WrongSize, header, release, $"Wrong size: {Block(header)} was freed as one of {Bytes(byteCount)}.");

    /// <safety>The header is intact.</safety>
    public static unsafe NativeMemoryViolation WrongAllocator(CheckedHeader* header, string owner, string name, ulong release) =>
        Make(NativeMemoryViolationKind.WrongAllocator, header, release, $"Wrong allocator: {Block(header)} of {owner} was given to {name}.");

    /// <summary>No checked allocator has a block at this address.</summary>
    public static NativeMemoryViolation Unknown(nint block, string name, ulong release) =>
        new(
            NativeMemoryViolationKind.WrongAllocator, (nuint)block, byteCount: 0, AllocationSite.Unknown.ToString(), Site(release),
            $"Wrong allocator: {name} was given a block that it never gave out, that has another size, or that was freed long ago. Freed {Place(release)}.");

    /// <summary>A new block overlaps a block that its allocator has not got back.</summary>
    public static NativeMemoryViolation Overlap(nuint start, nuint byteCount, (nuint Start, nuint ByteCount) other, string name)
    {
        string site = AllocationSite.Noted.ToString();
        return new(
            NativeMemoryViolationKind.Overlap, start, (long)byteCount, site, freedAt: "",
            $"Overlap: for {site}, the allocator of {name} returned {Bytes(byteCount)} at 0x{start:X}, although it has not got back {Bytes(other.ByteCount)} at 0x{other.Start:X}. The new block is neither used nor given back.");
    }

    /// <safety>The pointer is used as a number only.</safety>
    private static unsafe NativeMemoryViolation Corrupted(CheckedHeader* header, ulong release) =>
        new(
            NativeMemoryViolationKind.CorruptedHeader, (nuint)(header + 1), byteCount: 0, AllocationSite.Unknown.ToString(), release == 0 ? "" : Site(release),
            $"Corrupted header: the guard's data before a block was overwritten, so nothing is known about the block.{(release == 0 ? "" : $" Freed {Place(release)}.")}");

    /// <summary>The number of changed bytes before the user's bytes.</summary>
    /// <safety>The header is intact.</safety>
    private static unsafe nuint CountBefore(CheckedHeader* header, RedZones zones) =>
        FillPattern.CountChanged((byte*)header - zones.Padding, (byte*)header, out _)
        + FillPattern.CountChanged((byte*)&header->FirstZone, (byte*)(header + 1), out _);

    /// <safety>The header is intact.</safety>
    private static unsafe NativeMemoryViolation Make(NativeMemoryViolationKind kind, CheckedHeader* header, ulong release, string sentence, string more = "")
    {
        string allocated = AllocationSite.FromId((int)(uint)header->Allocation).ToString();
        return new(
            kind, (nuint)(header + 1), (long)header->Length, allocated, release == 0 ? "" : Site(release),
            $"{sentence} Allocated at {allocated}{(release == 0 ? "" : $"; freed {Place(release)}")}{more}.");
    }

    private static string Site(ulong release)
    {
        AllocationSite site = AllocationSite.FromId((int)(uint)release);
        return site == AllocationSite.Unknown || site.Line == 0 ? Place(release) : site.ToString();
    }

    private static string Place(ulong release)
    {
        AllocationSite site = AllocationSite.FromId((int)(uint)release);
        string thread = $"on thread {release >> 32}";
        return site == AllocationSite.Abandoned ? "by a finalizer, or when its thread had ended"
            : site == AllocationSite.Resized ? $"by a resize {thread}"
            : site.Line != 0 ? $"at {site}"
            : site.IsOfBareBlock ? $"at an unknown line {thread}"
            : site.File.Length > 0 ? $"in {site.File}"
            : $"by Dispose {thread}";
    }

    /// <safety>The header is intact.</safety>
    private static unsafe string Block(CheckedHeader* header) => $"a {header->Length.ToString("N0", CultureInfo.InvariantCulture)}-byte block";

    private static string Bytes(nuint count) => count == 1 ? "1 byte" : $"{count.ToString("N0", CultureInfo.InvariantCulture)} bytes";

    private static string Were(nuint count) => count == 1 ? "was" : "were";
}
