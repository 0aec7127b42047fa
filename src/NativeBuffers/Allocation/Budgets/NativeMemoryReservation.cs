namespace NativeBuffers;

/// <summary>Room that is set aside for a budget until this is disposed: see <see cref="NativeMemoryBudget.Reserve"/>.</summary>
/// <remarks>It ends with its budget at the latest. All members may be called from any thread.</remarks>
public sealed class NativeMemoryReservation : IDisposable
{
    private readonly NativeMemoryBudget _budget;
    private int _hasEnded;

    internal NativeMemoryReservation(NativeMemoryBudget budget, long byteCount)
    {
        _budget = budget;
        ByteCount = byteCount;
    }

    /// <summary>How much is set aside, in bytes.</summary>
    public long ByteCount { get; }

    /// <summary>Ends the reservation, once. What is in use stays so, and counts.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _hasEnded, 1) == 0)
        {
            _budget.EndReservation(ByteCount);
        }
    }
}
