using System.Diagnostics.Tracing;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Metrics;

/// <summary>The event source of the library: an event for each thing that goes wrong, and counters.</summary>
/// <remarks>While nobody listens, no message is made, and no counter read.</remarks>
[EventSource(Name = NativeMeter.Name)]
internal sealed class NativeEventSource : EventSource
{
    // What is told of may happen again while it is told: a listener is the user's code.
    [ThreadStatic]
    private static bool t_isTelling;

    private readonly UninterruptedLock _gate = new();
    private EventCounters? _counters;
    private bool _listens;

    /// <summary>A block was given back twice.</summary>
    [Event(1, Level = EventLevel.Error)]
    public void DoubleFree(string message) => WriteEvent(1, message);

    /// <summary>A block was never given back.</summary>
    [Event(2, Level = EventLevel.Warning)]
    public void Leak(string message) => WriteEvent(2, message);

    /// <summary>A guard has found that memory was used wrongly.</summary>
    [Event(3, Level = EventLevel.Error)]
    public void Violation(string message) => WriteEvent(3, message);

    /// <summary>A block is guarded as a sample.</summary>
    [Event(4, Level = EventLevel.Verbose)]
    public void GuardSample(string message) => WriteEvent(4, message);

    /// <summary>A budget has refused a block.</summary>
    [Event(5, Level = EventLevel.Warning)]
    public void BudgetRefusal(string message) => WriteEvent(5, message);

    /// <inheritdoc/>
    protected override void OnEventCommand(EventCommandEventArgs command)
    {
        using (_gate.Enter())
        {
            bool listens = IsEnabled();
            if (listens)
            {
                _counters ??= new EventCounters(this);
            }

            if (listens && !_listens)
            {
                Tally.Happened += Tell;
            }
            else if (!listens && _listens)
            {
                Tally.Happened -= Tell;
            }

            _listens = listens;
        }
    }

    private void Tell(Happening happening, string message)
    {
        if (t_isTelling)
        {
            return;
        }

        t_isTelling = true;
        try
        {
            Write(happening, message);
        }
        catch (Exception)
        {
            // Whoever listens must not break what the program does.
        }
        finally
        {
            t_isTelling = false;
        }
    }

    [NonEvent]
    private void Write(Happening happening, string message)
    {
        switch (happening)
        {
            case Happening.DoubleFree:
                DoubleFree(message);
                break;
            case Happening.Leak:
                Leak(message);
                break;
            case Happening.Violation:
                Violation(message);
                break;
            case Happening.GuardSample:
                GuardSample(message);
                break;
            case Happening.BudgetRefusal:
                BudgetRefusal(message);
                break;
            default:
                break;
        }
    }
}
