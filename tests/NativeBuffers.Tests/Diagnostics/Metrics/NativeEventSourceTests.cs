using System.Diagnostics.Tracing;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Tests.Diagnostics.Metrics;

[Collection(ProcessWide.Name)]
public class NativeEventSourceTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(1);

    [Fact]
    public void There_is_one_source_and_it_was_made_without_mistakes()
    {
        using var recorder = new EventRecorder();
        EventSource source = Assert.Single(EventSource.GetSources(), static source => source.Name == "NativeBuffers");
        Assert.Null(source.ConstructionException);
        Assert.NotNull(EventSource.GenerateManifest(source.GetType(), "", EventManifestOptions.Strict));
    }

    [Fact]
    public void Each_diagnostic_event_is_written_with_its_message()
    {
        using var recorder = new EventRecorder();
        recorder.Enable();
        foreach (DiagnosticEvent diagnostic in DiagnosticEvent.All)
        {
            diagnostic.Raise(() => $"It was {diagnostic}.");
        }

        Assert.Equal(
            [
                ("DoubleFree", EventLevel.Error, "It was DoubleFree."),
                ("Leak", EventLevel.Warning, "It was Leak."),
                ("Violation", EventLevel.Error, "It was Violation."),
                ("GuardSample", EventLevel.Verbose, "It was GuardSample."),
                ("BudgetRefusal", EventLevel.Warning, "It was BudgetRefusal."),
            ],
            recorder.Events);
    }

    [Fact]
    public void No_message_is_made_without_a_listener()
    {
        using var recorder = new EventRecorder();
        recorder.Enable();
        recorder.Disable();
        DiagnosticEvent.Leak.Raise(static () => throw new InvalidOperationException("Somebody asked."));
        recorder.Enable();
        recorder.Enable();
        DiagnosticEvent.Leak.Raise(static () => "one");
        Assert.Single(recorder.Events);
    }

    [Fact]
    public void Events_inside_a_listener_are_counted_and_not_reported()
    {
        using var recorder = new EventRecorder();
        recorder.Enable();
        recorder.OnEvent = static () => DiagnosticEvent.Leak.Raise(static () => "again");
        long before = DiagnosticEvent.Leak.Count;
        DiagnosticEvent.Leak.Raise(static () => "once");
        Assert.Equal(2, DiagnosticEvent.Leak.Count - before);
        Assert.Equal("once", Assert.Single(recorder.Events).Message);
    }

    [Fact]
    public void A_listener_that_throws_does_not_break_the_program()
    {
        using var recorder = new EventRecorder();
        recorder.Enable();
        recorder.OnEvent = static () => throw new InvalidOperationException("A listener's mistake.");
        DiagnosticEvent.Violation.Raise(static () => "found");
        Assert.Single(recorder.Events);
    }

    [Fact]
    public void Counters_tell_the_figures()
    {
        Needs.Caches();
        using var recorder = new EventRecorder();
        recorder.Enable(counters: true);
        using NativeBuffer<byte> kept = NativeBuffer.Create<byte>(1_000_000);
        DiagnosticEvent.BudgetRefusal.Raise(static () => "");
        long refusals = DiagnosticEvent.BudgetRefusal.Count;
        string[] names =
        [
            "allocation-rate", "blocks-in-use", "budget-refusals", "cache-hit-rate", "cache-miss-rate", "cache-size", "double-frees",
            "guard-samples", "guard-violations", "leaks", "memory-in-use", "owners-abandoned",
        ];
        Assert.True(SpinWait.SpinUntil(() => recorder.Counters.Count == names.Length && recorder.Counters["memory-in-use"] >= 1_000_000, s_long));
        Assert.Equal(names, recorder.Counters.Keys.Order(StringComparer.Ordinal));
        Assert.True(SpinWait.SpinUntil(() => recorder.Counters["budget-refusals"] == refusals, s_long));
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                NativeBuffer.Create<byte>(1).Dispose();
                return recorder.Counters["allocation-rate"] > 0 && recorder.Counters["cache-hit-rate"] > 0;
            },
            s_long));
    }
}
