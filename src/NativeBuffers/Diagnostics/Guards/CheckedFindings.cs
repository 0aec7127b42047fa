using NativeBuffers.Diagnostics.Tracking;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>What is wrong with a checked block, in plain words.</summary>
internal static class CheckedFindings
{
    /// <summary>What a header says of who gave the block back: the number of an site; above, the thread.</summary>
    public static ulong Here => (uint)AllocationSite.Noted.Id | ((ulong)(uint)Environment.CurrentManagedThreadId << 32);

    /// <summary>Whether the caller works with bare blocks, and is told by exceptions; owners are not.</summary>
    public static bool MayThrow => AllocationSite.Noted.IsOfBareBlock;

    /// <summary>What is wrong around a block in use; null if nothing.</summary>
    /// <param name="header">The block's.</param>
    /// <param name="release">Who gives it back now; 0 if nobody does.</param>
    /// <safety>The header, and what it says that is around it, can be read.</safety>
    public static unsafe NativeMemoryViolation? InLive(CheckedHeader* header, ulong release)
    {
        if (header->Checksum != CheckedHeader.Sum(header))
        {
            return Corrupted(header, release);
        }

        CheckedShape shape = CheckedShape.Of(header);
        byte* block = (byte*)(header + 1);
        nuint before = CountBefore(header, shape);
        if (before != 0)
        {
            return Make(
                NativeMemoryViolationKind.Underflow, header, release, $"Underflow: {Bytes(before)} before {Block(header)} {Were(before)} overwritten.");
        }

        nuint behind = CheckedFill.CountChanged(block + header->Length, block + shape.Room, out nuint first);
        string where = first == 0 ? "" : $", the first {Bytes(first)} behind its end";
        return behind == 0
            ? null
            : Make(NativeMemoryViolationKind.Overflow, header, release, $"Overflow: {Bytes(behind)} behind {Block(header)} {Were(behind)} overwritten{where}.");
    }

    /// <summary>What is wrong with a block that was given back, and kept; null if nothing.</summary>
    /// <safety>As for <see cref="InLive"/>.</safety>
    public static unsafe NativeMemoryViolation? InFreed(CheckedHeader* header)
    {
        if (header->Checksum != CheckedHeader.Sum(header))
        {
            return Corrupted(header, release: 0);
        }

        CheckedShape shape = CheckedShape.Of(header);
        byte* block = (byte*)(header + 1);
        nuint before = CountBefore(header, shape);
        nuint changed = CheckedFill.CountChanged(block, block + shape.Room, out nuint first);
        if (before + changed == 0)
        {
            return null;
        }

        string where = before != 0 ? $"before {Block(header)}"
            : first >= header->Length ? $"behind {Block(header)}"
            : $"of {Block(header)}, from byte {first.ToString("N0", CultureInfo.InvariantCulture)} on,";
        nuint count = before + changed;
        return Make(
            NativeMemoryViolationKind.WriteAfterFree, header, header->Release, $"Write after free: {Bytes(count)} {where} {Were(count)} overwritten.");
    }

    /// <summary>A block that was given back before.</summary>
    /// <safety>The header is intact.</safety>
    public static unsafe NativeMemoryViolation DoubleFree(CheckedHeader* header, ulong again) =>
        Make(NativeMemoryViolationKind.DoubleFree, header, header->Release, $"Double free: {Block(header)} was given back twice.", $"; again {Free(again)}");

    /// <summary>A block that has another size.</summary>
    /// <safety>The header is intact.</safety>
    public static unsafe NativeMemoryViolation WrongSize(CheckedHeader* header, nuint byteCount, ulong release) =>
        Make(
            NativeMemoryViolationKind.WrongSize, header, release,
            $"Wrong size: {Block(header)} was given back as one of {Bytes(byteCount)}.");

    /// <summary>A block of another allocator that is checked, too.</summary>
    /// <safety>The header is intact.</safety>
    public static unsafe NativeMemoryViolation WrongAllocator(CheckedHeader* header, string owner, string name, ulong release) =>
        Make(
            NativeMemoryViolationKind.WrongAllocator, header, release,
            $"Wrong allocator: {Block(header)} of {owner} was given to {name}.");

    /// <summary>A block that is nobody's.</summary>
    public static NativeMemoryViolation Unknown(nint block, string name, ulong release) =>
        new(
            NativeMemoryViolationKind.WrongAllocator, (nuint)block, byteCount: 0, AllocationSite.Unknown.ToString(), Site(release),
            $"Wrong allocator: {name} was given a block that it never gave out, or has given back long ago, or not with this size. Given back {Free(release)}.");

    /// <summary>A new block that overlaps a block which its allocator has not got back.</summary>
    public static NativeMemoryViolation Overlap(nuint start, nuint byteCount, (nuint Start, nuint ByteCount) other, string name)
    {
        string site = AllocationSite.Noted.ToString();
        return new(
            NativeMemoryViolationKind.Overlap, start, (long)byteCount, site, freedAt: "",
            $"Overlap: for {site}, the allocator of {name} returned {Bytes(byteCount)} at 0x{start:X}, although it has not got back {Bytes(other.ByteCount)} at 0x{other.Start:X}. The new block is neither used nor given back.");
    }

    private static unsafe NativeMemoryViolation Corrupted(CheckedHeader* header, ulong release) =>
        new(
            NativeMemoryViolationKind.CorruptedHeader, (nuint)(header + 1), byteCount: 0, AllocationSite.Unknown.ToString(), release == 0 ? "" : Site(release),
            "Corrupted header: what the guard wrote in front of a block was overwritten, so that nothing is known of it."
            + (release == 0 ? "" : $" Given back {Free(release)}."));

    private static unsafe nuint CountBefore(CheckedHeader* header, CheckedShape shape)
    {
        nuint padding = CheckedFill.CountChanged((byte*)header - shape.Padding, (byte*)header, out _);
        return padding + CheckedFill.CountChanged((byte*)&header->FirstZone, (byte*)(header + 1), out _);
    }

    private static unsafe NativeMemoryViolation Make(NativeMemoryViolationKind kind, CheckedHeader* header, ulong release, string what, string more = "")
    {
        string allocated = AllocationSite.FromId((int)(uint)header->Allocation).ToString();
        string freed = release == 0 ? "" : Free(release);
        return new(
            kind, (nuint)(header + 1), (long)header->Length, allocated, release == 0 ? "" : Site(release),
            $"{what} Allocated at {allocated}{(release == 0 ? "" : $"; given back {freed}")}{more}.");
    }

    private static string Site(ulong release)
    {
        AllocationSite site = AllocationSite.FromId((int)(uint)release);
        return site == AllocationSite.Unknown || site.Line == 0 ? Free(release) : site.ToString();
    }

    private static string Free(ulong release)
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

    private static unsafe string Block(CheckedHeader* header) => $"a {header->Length.ToString("N0", CultureInfo.InvariantCulture)}-byte block";

    private static string Bytes(nuint count) => count == 1 ? "1 byte" : $"{count.ToString("N0", CultureInfo.InvariantCulture)} bytes";

    private static string Were(nuint count) => count == 1 ? "was" : "were";
}
