namespace NativeBuffers;

/// <summary>Bytes that are set aside for a budget until this object is disposed: see <see cref="NativeMemoryBudget.Reserve"/>.</summary>
/// <remarks>A reservation ends with its budget at the latest. All members may be called from any thread.</remarks>
public sealed class NativeMemoryReservation : IDisposable
{
    private readonly NativeMemoryBudget _budget;
    private int _hasEnded;

    internal NativeMemoryReservation(NativeMemoryBudget budget, long byteCount)
    {
        _budget = budget;
        ByteCount = byteCount;
    }

    /// <summary>The bytes that are set aside.</summary>
    public long ByteCount { get; }

    /// <summary>Ends the reservation, once. Blocks in use stay in use, and count.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _hasEnded, 1) == 0)
        {
            _budget.EndReservation(ByteCount);
        }
    }
}
