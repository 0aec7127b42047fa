namespace NativeBuffers;

/// <summary>Thrown when a guard finds a wrong use of memory while a bare block is allocated, resized or freed.</summary>
/// <remarks>Owners do not throw it: a violation that is found while an owner is disposed raises <see cref="NativeMemoryGuard.ViolationFound"/>.</remarks>
[SuppressMessage("Design", "CA1032", Justification = "An exception without a violation has no use.")]
public sealed class NativeMemoryViolationException : Exception
{
    internal NativeMemoryViolationException(NativeMemoryViolation violation)
        : base(violation.Message) => Violation = violation;

    /// <summary>The violation that the guard found.</summary>
    public NativeMemoryViolation Violation { get; }
}
