using NativeBuffers.Metered;

namespace NativeBuffers.Tests.Diagnostics.Metrics;

/// <summary>The metrics of one process are read from a second process, in the way of <c>dotnet-counters</c>.</summary>
[Slow]
public class EventPipeTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(1);

    [Fact]
    public void The_meter_of_another_process_tells_exact_counts()
    {
        using ChildProcess process = StartProgram();
        Do(process, "use 5 1000");
        using var reader = EventPipeReader.OfMeter(process.Id);
        Do(process, "use 20000 1000");
        Do(process, "use 7 500000");
        Expect(20_005, "nativebuffers.allocations", "nativebuffers.size_class=1024");
        Expect(7, "nativebuffers.allocations", "nativebuffers.size_class=large");
        Expect(20_004, "nativebuffers.cache.hits", "nativebuffers.size_class=1024");
        Expect(1, "nativebuffers.cache.misses", "nativebuffers.size_class=1024,nativebuffers.source=allocator");
        Expect(0, "nativebuffers.memory.in_use", "nativebuffers.size_class=1024");
        Expect(1024 + (512 * 1024), "nativebuffers.cache.size", "");
        Expect(0, "nativebuffers.double_frees", "");
        Do(process, "refuse");
        Expect(1, "nativebuffers.budget.refusals", "nativebuffers.budget.name=Limit(Malloc)");
        Assert.Equal("By", reader.Units["nativebuffers.cache.size"]);
        Assert.Equal("{allocation}", reader.Units["nativebuffers.allocations"]);

        void Expect(double value, string name, string tags)
        {
            _ = SpinWait.SpinUntil(() => reader.Instruments.TryGetValue((name, tags), out double found) && found == value, s_long);
            Assert.Equal(value, reader.Instruments.TryGetValue((name, tags), out double last) ? last : double.NaN);
        }
    }

    [Fact]
    public void The_event_source_of_another_process_tells_counters_and_events()
    {
        using ChildProcess process = StartProgram();
        Do(process, "use 5 1000");
        using var reader = EventPipeReader.OfEventSource(process.Id);

        // Increments count from the first time on that the counters are read.
        Assert.True(SpinWait.SpinUntil(() => reader.Counters.Count >= 12, s_long), string.Join(' ', reader.Counters.Keys));
        double before = reader.Counters["allocation-rate"];
        Do(process, "use 20000 1000");
        Expect(before + 20_000, "allocation-rate");
        Expect(1024, "cache-size");
        Expect(0, "leaks");
        Do(process, "refuse");
        Expect(1, "budget-refusals");
        Assert.True(SpinWait.SpinUntil(() => !reader.Events.IsEmpty, s_long));
        (string name, string message) = Assert.Single(reader.Events);
        Assert.Equal("BudgetRefusal", name);
        Assert.Contains("10 bytes", message);

        void Expect(double value, string name)
        {
            _ = SpinWait.SpinUntil(() => reader.Counters.TryGetValue(name, out double found) && found == value, s_long);
            Assert.Equal(value, reader.Counters.TryGetValue(name, out double last) ? last : double.NaN);
        }
    }

    [Fact]
    public void A_tracked_process_reports_its_live_blocks()
    {
        using ChildProcess process = StartProgram(("NATIVEBUFFERS_TRACK", "sites"));
        Do(process, "use 1 5000");
        Do(process, "keep 3 1000");
        using var meter = EventPipeReader.OfMeter(process.Id);
        using var events = EventPipeReader.OfEventSource(process.Id);
        Assert.True(SpinWait.SpinUntil(() => meter.Instruments.ContainsKey(("nativebuffers.memory.peak", "")) && events.Counters.Count >= 15, s_long));
        Assert.Equal(3000, meter.Instruments[("nativebuffers.memory.live", "")]);
        Assert.Equal(3, meter.Instruments[("nativebuffers.block.live", "")]);
        Assert.Equal(5000, meter.Instruments[("nativebuffers.memory.peak", "")]);
        Assert.Equal(3000, events.Counters["memory-live"]);
        Assert.Equal(3, events.Counters["blocks-live"]);
        Assert.Equal(5000, events.Counters["memory-peak"]);
    }

    [Fact]
    public void A_process_that_is_observed_before_its_first_buffer_sends_the_same_figures()
    {
        using ChildProcess process = StartProgram();
        Do(process, "use 0 1");
        using var meter = EventPipeReader.OfMeter(process.Id);
        using var events = EventPipeReader.OfEventSource(process.Id);
        Do(process, "use 100 64");
        Assert.True(SpinWait.SpinUntil(
            () => meter.Instruments.TryGetValue(("nativebuffers.allocations", "nativebuffers.size_class=64"), out double found) && found == 100, s_long));
        Assert.True(SpinWait.SpinUntil(() => events.Counters.ContainsKey("allocation-rate"), s_long));
    }

    private static ChildProcess StartProgram(params (string, string?)[] environment) =>
        ChildProcess.StartProgram(typeof(Program), [], [("DOTNET_EnableDiagnostics", "1"), .. environment]);

    /// <summary>Lets the process use the library, and waits until it has.</summary>
    private static void Do(ChildProcess process, string command) => Assert.Equal("done", process.Ask(command));
}
