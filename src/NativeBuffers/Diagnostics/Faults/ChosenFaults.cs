namespace NativeBuffers.Diagnostics.Faults;

/// <summary>A plan that a function makes.</summary>
/// <param name="choose">Whether an allocation fails, by its number, from 1, and its size in bytes. Called one at a time.</param>
internal sealed class ChosenFaults(Func<long, nuint, bool> choose) : FaultPlan
{
    private protected override bool Fails(long attempt, nuint byteCount) => choose(attempt, byteCount);
}
