namespace OneBillionRows.Challenge;

/// <summary>Hears how much of the file has been read.</summary>
public interface IReadProgress
{
    /// <summary><paramref name="byteCount"/> more bytes are done. Called by several threads at once.</summary>
    void Add(long byteCount);
}
