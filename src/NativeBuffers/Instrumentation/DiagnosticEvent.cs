namespace NativeBuffers.Instrumentation;

/// <summary>A kind of event that is counted for metrics, and reported to listeners.</summary>
internal sealed class DiagnosticEvent
{
    private long _count;

    private DiagnosticEvent(string name) => Name = name;

    /// <summary>Raised for each event, on its thread, with a message. A handler must not throw.</summary>
    public static event Action<DiagnosticEvent, string>? Raised;

    /// <summary>A guard, or a copy of an owner, found that a block was freed twice.</summary>
    public static DiagnosticEvent DoubleFree { get; } = new(nameof(DoubleFree));

    /// <summary>An owner was forgotten, a hidden copy was resized, or a block is in use at the end of a test or of the process.</summary>
    public static DiagnosticEvent Leak { get; } = new(nameof(Leak));

    /// <summary>A guard found a wrong use of memory.</summary>
    public static DiagnosticEvent Violation { get; } = new(nameof(Violation));

    /// <summary>A block is guarded as a sample.</summary>
    public static DiagnosticEvent GuardSample { get; } = new(nameof(GuardSample));

    /// <summary>A budget refused a block or a reservation.</summary>
    public static DiagnosticEvent BudgetRefusal { get; } = new(nameof(BudgetRefusal));

    public static IReadOnlyList<DiagnosticEvent> All { get; } = [DoubleFree, Leak, Violation, GuardSample, BudgetRefusal];

    public string Name { get; }

    public long Count => Volatile.Read(ref _count);

    /// <summary>Counts an event, and reports it.</summary>
    /// <param name="message">Makes the message for people. Called only if there is a listener.</param>
    public void Raise(Func<string> message)
    {
        Interlocked.Increment(ref _count);
        Raised?.Invoke(this, message());
    }

    public override string ToString() => Name;
}
