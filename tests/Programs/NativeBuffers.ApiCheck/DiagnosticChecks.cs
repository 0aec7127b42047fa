using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace NativeBuffers.ApiCheck;

/// <summary>Budgets, leaks, guards, faults and metrics.</summary>
internal static class DiagnosticChecks
{
    public static (string Name, Action Run)[] All =>
    [
        ("a tree of budgets refuses, and counts", Budgets),
        ("a leak scope names the line", Leaks),
        ("a guard finds a write past the end", Guard),
        ("each allocation of a body fails once", Faults),
        ("a snapshot and its difference", Snapshot),
        ("the meter counts", Meter),
        ("the cache is trimmed", Cache),
    ];

    private static void Budgets()
    {
        NativeMemoryBudget all = NativeAllocator.Default.WithLimit(10_000);
        NativeMemoryBudget part = all.WithLimit(6_000);
        using (var first = NativeMemoryOwner<byte>.Create(5_000, part))
        {
            Check.Throws<OutOfMemoryException>(() => NativeMemoryOwner<byte>.Create(5_000, part).Dispose());
            Check.That(first.Length == 5_000 && all.UsedBytes >= 5_000 && part.RefusedCount == 1);
        }

        Check.That(all.UsedBytes == 0 && part.PeakBytes >= 5_000);
    }

    private static void Leaks()
    {
        NativeMemoryOwner<int>? kept = null;
        try
        {
            using (NativeMemoryTracker.AssertNoLeaks())
            {
                kept = NativeMemoryOwner<int>.Create(10);
            }

            throw new InvalidOperationException("No leak was found.");
        }
        catch (NativeMemoryLeakException exception)
        {
            // The line comes from the call stack, which has no lines in a program that was compiled ahead of time.
            NativeMemoryLeak leak = exception.Leaks.Single();
            Check.That(leak.BlockCount == 1, $"{leak}");
            Check.That(!RuntimeFeature.IsDynamicCodeSupported || leak.FilePath.EndsWith("DiagnosticChecks.cs", StringComparison.Ordinal), $"{leak}");
        }
        finally
        {
            kept?.Dispose();
        }
    }

    private static unsafe void Guard()
    {
        NativeMemoryViolation? found = null;
        Action<NativeMemoryViolation> note = violation => found = violation;
        NativeMemoryGuard.ViolationFound += note;
        NativeAllocator guarded = NativeAllocator.Malloc.WithGuards(GuardMode.Checked);
        using (var buffer = NativeBuffer.Create<byte>(100, guarded))
        {
            buffer.Pointer[100] = 1;
        }

        NativeMemoryGuard.ViolationFound -= note;
        Check.That(found?.Kind == NativeMemoryViolationKind.Overflow);
    }

    private static void Faults()
    {
        int runs = 0;
        FaultInjection.ForEachFailure(() =>
        {
            runs++;
            using var first = NativeBuffer.Create<byte>(80);
            using var second = NativeMemoryOwner<int>.Create(100);
            second.Resize(10_000);
        });
        Check.That(runs >= 3);
    }

    private static void Snapshot()
    {
        NativeMemorySnapshot before = NativeMemoryTracker.TakeSnapshot();
        using var owner = NativeMemoryOwner<byte>.Create(1 << 20, NativeAllocator.Malloc.WithTracking());
        Check.That(NativeMemoryTracker.TakeSnapshot().CompareTo(before).ToText().Length > 0);
    }

    private static void Meter()
    {
        long seen = -1;
        using var listener = new MeterListener();
        listener.InstrumentPublished = static (instrument, self) =>
        {
            if (instrument.Meter.Name == "NativeBuffers")
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => seen = long.Max(seen, value));
        using var owner = NativeMemoryOwner<byte>.Create(1000);
        listener.Start();
        listener.RecordObservableInstruments();
        Check.That(seen > 0);
    }

    private static void Cache()
    {
        NativeBuffer.Create<byte>(1000).Dispose();
        Check.That(NativeMemoryCache.CachedBytes > 0);
        NativeMemoryCache.Trim();
    }
}
