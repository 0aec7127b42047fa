using System.Collections.Generic;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Enumerates the ways through one operation: each call with several outcomes is a choice.</summary>
/// <remarks>The operation runs once for each way; each run repeats the earlier choices of its way.</remarks>
internal sealed class Chooser
{
    private readonly List<(int Taken, int Count)> _choices = [];
    private int _position;

    /// <summary>Takes one of several outcomes.</summary>
    public int Choose(int count)
    {
        if (_position == _choices.Count)
        {
            _choices.Add((0, count));
        }

        return _choices[_position++].Taken;
    }

    /// <summary>Prepares the next way; false if there is none.</summary>
    public bool Next()
    {
        _position = 0;
        while (_choices.Count > 0)
        {
            (int taken, int count) = _choices[_choices.Count - 1];
            _choices.RemoveAt(_choices.Count - 1);
            if (taken + 1 < count)
            {
                _choices.Add((taken + 1, count));
                return true;
            }
        }

        return false;
    }
}
