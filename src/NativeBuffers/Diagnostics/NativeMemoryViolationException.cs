namespace NativeBuffers;

/// <summary>Thrown when a guard finds a wrong use of memory while a bare block is allocated, resized or freed.</summary>
/// <remarks>Owners do not throw it: what is found while one is disposed is told to <see cref="NativeMemoryGuard.ViolationFound"/>.</remarks>
[SuppressMessage("Design", "CA1032", Justification = "There is none without a violation.")]
public sealed class NativeMemoryViolationException : Exception
{
    internal NativeMemoryViolationException(NativeMemoryViolation violation)
        : base(violation.Message) => Violation = violation;

    /// <summary>What was found.</summary>
    public NativeMemoryViolation Violation { get; }
}
