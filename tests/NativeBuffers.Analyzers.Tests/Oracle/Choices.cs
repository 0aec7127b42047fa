namespace NativeBuffers.Analyzers.Tests.Oracle;

/// <summary>The decisions of a run. <see cref="Next"/> goes to the next run, until all have been made.</summary>
internal sealed class Choices
{
    private readonly List<(int Taken, int Count)> _made = [];
    private int _next;

    /// <summary>A number from 0 to <paramref name="count"/> - 1.</summary>
    public int Take(int count)
    {
        if (_next == _made.Count)
        {
            _made.Add((0, count));
        }

        return _made[_next++].Taken;
    }

    public bool Next()
    {
        _next = 0;
        while (_made.Count > 0)
        {
            (int taken, int count) = _made[^1];
            if (taken + 1 < count)
            {
                _made[^1] = (taken + 1, count);
                return true;
            }

            _made.RemoveAt(_made.Count - 1);
        }

        return false;
    }
}
