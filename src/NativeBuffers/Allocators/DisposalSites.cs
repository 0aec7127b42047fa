namespace NativeBuffers;

/// <summary>The lines that give back the blocks of one allocating line. The library finds them on the stack for the first of these blocks.</summary>
/// <remarks>
/// <c>using</c> passes no line to a disposal, and a stack walk costs a hundred times as much as a disposal. The first blocks of each line
/// are enough for tests and for rare mistakes. If all their disposals are at one line, later blocks get that line, marked <i>as a
/// rule</i>.
/// </remarks>
internal sealed class DisposalSites
{
    /// <summary>How many disposals of each allocating line are looked for on the stack.</summary>
    private const int LooksPerLine = 16;

    private static readonly UninterruptedLock s_gate = new();

    // Threads may overwrite each other's counts: then there are some more stack walks.
    private int _looks;
    private int _looksAtSecond;
    private Origin? _last;
    private bool _differ;
    private Origin[] _seconds = [];

    /// <summary>The line that the first disposals had in common; null until all of them were looked for.</summary>
    public Origin? Rule { get; private set; }

    /// <summary>The line that gives a block back at this moment.</summary>
    /// <param name="type">The elements' type.</param>
    /// <param name="isExact">True to walk the stack each time.</param>
    public Origin Find(Type type, bool isExact) =>
        isExact || _looks < LooksPerLine ? Look(type) : Rule ??= AsRule(type);

    /// <summary>The line of a second disposal at this moment; false if the line was found before, or the limit of stack walks is reached.</summary>
    /// <param name="type">The elements' type.</param>
    /// <param name="second">The line.</param>
    public bool TryFindSecond(Type type, out Origin second)
    {
        second = Origin.Unknown;
        if (_looksAtSecond >= LooksPerLine)
        {
            return false;
        }

        _looksAtSecond++;
        second = CallSites.OfCaller(type);
        using (s_gate.Enter())
        {
            if (Array.IndexOf(_seconds, second) >= 0)
            {
                return false;
            }

            _seconds = [.. _seconds, second];
            return true;
        }
    }

    private Origin Look(Type type)
    {
        Origin found = CallSites.OfCaller(type);
        _differ |= _looks != 0 && _last != found;
        _last = found;
        _looks = int.Min(_looks + 1, LooksPerLine);
        return found;
    }

    private Origin AsRule(Type type) => _differ || _last is not { Line: > 0 } last ? Origin.At(null, 0, type) : last.AsRule(type);
}
