namespace NativeBuffers;

/// <summary>How far <see cref="FaultInjection"/> has come.</summary>
/// <param name="RunCount">How many runs with a failure are done.</param>
/// <param name="TotalRunCount">How many there will be.</param>
/// <param name="FindingCount">How much was found so far.</param>
public readonly record struct FaultInjectionProgress(int RunCount, int TotalRunCount, int FindingCount);
