namespace NativeBuffers;

/// <summary>The progress of <see cref="FaultInjection"/>.</summary>
/// <param name="RunCount">The number of finished runs with a failure.</param>
/// <param name="TotalRunCount">The number of all such runs.</param>
/// <param name="FindingCount">The number of faults up to now.</param>
public readonly record struct FaultInjectionProgress(int RunCount, int TotalRunCount, int FindingCount);
