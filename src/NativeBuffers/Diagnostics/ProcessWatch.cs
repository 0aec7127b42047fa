using System.Globalization;
using NativeBuffers.Diagnostics.Guards;
using NativeBuffers.Diagnostics.Tracking;
using NativeBuffers.Watching;

namespace NativeBuffers.Diagnostics;

/// <summary>What the process was started with, guards or tracking or both.</summary>
internal sealed class ProcessWatch : Watch
{
    private readonly UninterruptedLock _gate = new();

    public static ProcessWatch Instance { get; } = new();

    public override bool IsSampling => WatchSettings.Guard == GuardMode.Sampled && WatchSettings.Tracking == TrackingMode.Off;

    protected override NativeAllocator InFrontOf(NativeAllocator allocator) => allocator.InFront ?? Make(allocator);

    protected override NativeAllocator GuardInFrontOf(NativeAllocator allocator) =>
        InFrontOf(allocator) is TrackingAllocator { IsAmbient: true, Inner: var guarded } ? guarded : InFrontOf(allocator);

    protected override void TellDisposedTwiceHere(nint start, nuint byteCount, Origin allocated, Origin first, Origin second) =>
        NativeMemoryGuard.Report(
            new NativeMemoryViolation(
                NativeMemoryViolationKind.DoubleFree, (nuint)start, (long)byteCount, allocated.ToString(), first.ToString(),
                $"Double disposal: two copies of an owner of {byteCount.ToString("N0", CultureInfo.InvariantCulture)} bytes were disposed; the second freed nothing. "
                + $"Allocated at {allocated}; disposed {Where(first)}, and again {Where(second)}."));

    private static string Where(Origin origin) => origin.ToString() is { Length: > 0 } site ? $"at {site}" : "at a line that is not known";

    private NativeAllocator Make(NativeAllocator allocator)
    {
        using (_gate.Enter())
        {
            if (allocator.InFront is null)
            {
                NativeAllocator guarded = GuardedAllocators.Ambient(allocator, WatchSettings.Guard);
                allocator.InFront = WatchSettings.Tracking == TrackingMode.Off ? guarded : TrackingAllocator.Ambient(guarded);
            }

            return allocator.InFront;
        }
    }
}
