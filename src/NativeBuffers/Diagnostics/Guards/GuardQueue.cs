namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Numbers of records, first in, first out, at most <paramref name="capacity"/>. The caller locks.</summary>
internal sealed class GuardQueue(int capacity)
{
    private readonly int[] _numbers = new int[capacity];
    private int _first;

    public int Count { get; private set; }

    public void Add(int number)
    {
        _numbers[(_first + Count) % _numbers.Length] = number;
        Count++;
    }

    /// <summary>Takes the number that was added first; false if there is none.</summary>
    public bool TryTake(out int number)
    {
        if (Count == 0)
        {
            number = -1;
            return false;
        }

        number = _numbers[_first];
        _first = (_first + 1) % _numbers.Length;
        Count--;
        return true;
    }
}
