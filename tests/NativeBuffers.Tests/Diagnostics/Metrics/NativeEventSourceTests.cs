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
    public void Each_happening_is_an_event_with_its_message()
    {
        using var recorder = new EventRecorder();
        recorder.Enable();
        foreach (Happening happening in Enum.GetValues<Happening>())
        {
            Tally.Count(happening, () => $"It was {happening}.");
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
        Tally.Count(Happening.Leak, static () => throw new InvalidOperationException("Somebody asked."));
        recorder.Enable();
        recorder.Enable();
        Tally.Count(Happening.Leak, static () => "one");
        Assert.Single(recorder.Events);
    }

    [Fact]
    public void Events_inside_a_listener_are_counted_and_not_reported()
    {
        using var recorder = new EventRecorder();
        recorder.Enable();
        recorder.OnEvent = static () => Tally.Count(Happening.Leak, static () => "again");
        long before = Tally.Of(Happening.Leak);
        Tally.Count(Happening.Leak, static () => "once");
        Assert.Equal(2, Tally.Of(Happening.Leak) - before);
        Assert.Equal("once", Assert.Single(recorder.Events).Message);
    }

    [Fact]
    public void A_listener_that_throws_does_not_break_the_program()
    {
        using var recorder = new EventRecorder();
        recorder.Enable();
        recorder.OnEvent = static () => throw new InvalidOperationException("A listener's mistake.");
        Tally.Count(Happening.Violation, static () => "found");
        Assert.Single(recorder.Events);
    }

    [Fact]
    public void Counters_tell_the_figures()
    {
        Needs.Caches();
        using var recorder = new EventRecorder();
        recorder.Enable(counters: true);
        using NativeBuffer<byte> kept = NativeBuffer.Create<byte>(1_000_000);
        Tally.Count(Happening.BudgetRefusal, static () => "");
        long refusals = Tally.Of(Happening.BudgetRefusal);
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
