namespace NativeBuffers.Instrumentation;

/// <summary>What is counted, and told to who listens: see <see cref="Tally"/>.</summary>
internal enum Happening
{
    /// <summary>A block was given back twice: a guard found it, or a copy of an owner that was disposed already.</summary>
    DoubleFree,

    /// <summary>An owner was forgotten, or found alive where nothing should be.</summary>
    Leak,

    /// <summary>A guard found that memory was used wrongly, in whichever way.</summary>
    Violation,

    /// <summary>A block was guarded as a sample.</summary>
    GuardSample,

    /// <summary>A budget refused a block.</summary>
    BudgetRefusal,
}
