using System.Diagnostics.Tracing;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Metrics;

/// <summary>The event source of the library: an event for each fault, and counters.</summary>
/// <remarks>Without a listener, no message is composed, and no counter is read.</remarks>
[EventSource(Name = NativeMeter.Name)]
internal sealed class NativeEventSource : EventSource
{
    // A listener is the user's code, which may cause the next event.
    [ThreadStatic]
    private static bool t_isWriting;

    private readonly UninterruptedLock _lock = new();
    private EventCounters? _counters;
    private bool _isListening;

    /// <summary>A block was freed twice.</summary>
    [Event(1, Level = EventLevel.Error)]
    public void DoubleFree(string message) => WriteEvent(1, message);

    /// <summary>A block was never freed.</summary>
    [Event(2, Level = EventLevel.Warning)]
    public void Leak(string message) => WriteEvent(2, message);

    /// <summary>A guard has found a violation.</summary>
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
        using (_lock.Enter())
        {
            bool isListening = IsEnabled();
            if (isListening)
            {
                _counters ??= new EventCounters(this);
            }

            if (isListening && !_isListening)
            {
                DiagnosticEvent.Raised += Write;
            }
            else if (!isListening && _isListening)
            {
                DiagnosticEvent.Raised -= Write;
            }

            _isListening = isListening;
        }
    }

    [NonEvent]
    private void Write(DiagnosticEvent diagnostic, string message)
    {
        if (t_isWriting)
        {
            return;
        }

        t_isWriting = true;
        try
        {
            Action<string>? write = diagnostic.Name switch
            {
                nameof(DiagnosticEvent.DoubleFree) => DoubleFree,
                nameof(DiagnosticEvent.Leak) => Leak,
                nameof(DiagnosticEvent.Violation) => Violation,
                nameof(DiagnosticEvent.GuardSample) => GuardSample,
                nameof(DiagnosticEvent.BudgetRefusal) => BudgetRefusal,
                _ => null,
            };
            write?.Invoke(message);
        }
        catch (Exception)
        {
            // A listener that throws must not break the program.
        }
        finally
        {
            t_isWriting = false;
        }
    }
}
