using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using NativeBuffers.Diagnostics.Metrics;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Tests.Diagnostics.Metrics;

[Collection(ProcessWide.Name)]
public partial class NativeMeterTests
{
    private static readonly string[] s_tracked = ["nativebuffers.memory.live", "nativebuffers.memory.peak", "nativebuffers.block.live"];

    public NativeMeterTests() => Collector.Settle();

    [Fact]
    public void The_first_buffer_brings_the_meter()
    {
        using var isPublished = new ManualResetEventSlim();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == "NativeBuffers")
            {
                isPublished.Set();
            }
        };
        listener.Start();
        NativeBuffer.Create<byte>(1).Dispose();
        Assert.True(isPublished.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_listener_that_throws_does_not_harm_other_listeners()
    {
        NativeMetrics.StartNow();
        int told = 0;
        using (var thrower = new MeterListener())
        {
            thrower.InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == "NativeBuffers")
                {
                    told++;
                    throw new InvalidTimeZoneException();
                }
            };
            Assert.Throws<InvalidTimeZoneException>(thrower.Start);
            told = 0;
            using Meter meter = NativeMeter.Create();
            Assert.Equal("NativeBuffers", meter.Name);
        }

        using var listener = new Listener();
        Assert.Equal(listener.Instruments.DistinctBy(static each => each.Name).Count(), told);
    }

    [Fact]
    public void The_page_lists_every_instrument_as_it_is()
    {
        using var listener = new Listener();
        IEnumerable<string> found = listener.Instruments.Select(static each =>
            $"| `{each.Name}` | {KindOf(each)} | `{each.Unit}` | {each.Description} |");
        IEnumerable<string> listed = TableLine().Matches(Repository.Read("docs/diagnostics.md")).Select(static line => Line(line));
        Assert.Equal(found.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
        Assert.NotEmpty(listener.Instruments);

        static string KindOf(Instrument instrument) => instrument switch
        {
            ObservableCounter<long> => "counter",
            ObservableUpDownCounter<long> => "up and down",
            _ => "gauge",
        };

        // The tags are a column of the page's only.
        static string Line(Match line) => $"| `{line.Groups[1]}` | {line.Groups[2]} | `{line.Groups[3]}` | {line.Groups[5]} |";
    }

    [Fact]
    public void The_page_names_the_tags_of_each_instrument()
    {
        using var listener = new Listener();
        NativeBuffer.Create<byte>(1).Dispose();
        NativeMemoryBudget budget = NativeAllocator.Malloc.WithLimit(1);
        Dictionary<string, string> found = listener.Collect().Keys.GroupBy(static key => key.Name).ToDictionary(
            static group => group.Key,
            static group =>
                string.Join(", ", group.First().Tags.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static tag => $"`{tag.Split('=')[0]}`")));
        GC.KeepAlive(budget);
        if (!NativeMemoryTracker.IsTracking)
        {
            Array.ForEach(s_tracked, name => found.Add(name, ""));
        }

        Dictionary<string, string> listed = TableLine().Matches(Repository.Read("docs/diagnostics.md"))
            .ToDictionary(static line => line.Groups[1].Value, static line => line.Groups[4].Value);
        Assert.Equal(listed, found);
    }

    [Fact]
    public void Creations_are_counted_by_size_class() => CountsSince.OnFreshThread(static () =>
    {
        using var listener = new Listener();
        NativeBuffer.Create<byte>(200_000).Dispose();
        Dictionary<(string Name, string Tags), long> before = listener.Collect();
        for (int i = 0; i < 1000; i++)
        {
            NativeBuffer.Create<byte>(200_000).Dispose();
        }

        using NativeBuffer<byte> first = NativeBuffer.Create<byte>(200_000);
        using NativeBuffer<byte> second = NativeBuffer.Create<byte>(200_000);
        Dictionary<(string Name, string Tags), long> after = listener.Collect();
        Assert.Equal(1002, Difference("nativebuffers.allocations", "nativebuffers.size_class=229376"));
        Assert.Equal(1001, Difference("nativebuffers.cache.hits", "nativebuffers.size_class=229376"));
        Assert.Equal(1, Difference("nativebuffers.cache.misses", "nativebuffers.size_class=229376,nativebuffers.source=allocator"));
        Assert.Equal(0, Difference("nativebuffers.cache.misses", "nativebuffers.size_class=229376,nativebuffers.source=depot"));
        Assert.Equal(2, Difference("nativebuffers.block.in_use", "nativebuffers.size_class=229376"));
        Assert.Equal(2 * 229_376, Difference("nativebuffers.memory.in_use", "nativebuffers.size_class=229376"));

        long Difference(string name, string tags) => after[(name, tags)] - before[(name, tags)];
    });

    [Fact]
    public void The_cache_tells_its_size()
    {
        using var listener = new Listener();
        (long before, long told, long after) = Look(listener);

        // A finalizer or the timer may change the size between two looks.
        for (int look = 1; look < 100 && before != after; look++)
        {
            (before, told, after) = Look(listener);
        }

        Assert.Equal((before, before), (told, after));

        static (long, long, long) Look(Listener listener) =>
            (NativeMemoryCache.CachedBytes, listener.Collect()[("nativebuffers.cache.size", "")], NativeMemoryCache.CachedBytes);
    }

    [Fact]
    public void Each_diagnostic_event_is_counted_under_its_name()
    {
        using var listener = new Listener();
        (DiagnosticEvent Event, string Name)[] names =
        [
            (DiagnosticEvent.DoubleFree, "nativebuffers.double_frees"),
            (DiagnosticEvent.Leak, "nativebuffers.leaks"),
            (DiagnosticEvent.GuardSample, "nativebuffers.guard.samples"),
            (DiagnosticEvent.Violation, "nativebuffers.guard.violations"),
        ];
        Assert.Equal(DiagnosticEvent.All.Except([DiagnosticEvent.BudgetRefusal]).ToHashSet(), names.Select(static each => each.Event).ToHashSet());
        foreach ((DiagnosticEvent diagnostic, string name) in names)
        {
            Dictionary<(string Name, string Tags), long> before = listener.Collect();
            diagnostic.Raise(static () => "");
            Dictionary<(string Name, string Tags), long> after = listener.Collect();
            Assert.Equal(name, Assert.Single(names, each => after[(each.Name, "")] == before[(each.Name, "")] + 1).Name);
        }
    }

    [Fact]
    public void Abandoned_owners_are_counted()
    {
        using var listener = new Listener();
        long before = listener.Collect()[("nativebuffers.owner.abandonments", "")];
        CountsSince.OnFreshThread(static () => _ = NativeBuffer.Create<byte>(1));
        NativeMemoryCache.Trim();
        Assert.Equal(before + 1, listener.Collect()[("nativebuffers.owner.abandonments", "")]);
    }

    [Fact]
    public void A_process_without_tracking_has_no_measurements_of_tracking()
    {
        Assert.SkipWhen(NativeMemoryTracker.IsTracking, "This process is tracked.");
        using var listener = new Listener();
        Assert.DoesNotContain(listener.Collect().Keys, static key => s_tracked.Contains(key.Name));
    }

    [GeneratedRegex(@"^\| `(nativebuffers\.[a-z._]+)` \| ([a-z ]+) \| `([^`]+)` \| ([^|]*?) ?\| ([^|]+) \|$", RegexOptions.Multiline)]
    private static partial Regex TableLine();
}
