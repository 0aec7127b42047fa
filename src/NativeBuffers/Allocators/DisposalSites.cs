namespace NativeBuffers;

/// <summary>The lines at which the blocks of one line are given back. They are looked for on the stack, for the first of the blocks.</summary>
/// <remarks>
/// <c>using</c> tells a disposal no line, and a look at the stack costs a hundred times as much as a disposal. The first
/// blocks of each line are enough for tests and for rare mistakes. If their disposals are all at one line, that line is
/// the one of later blocks <i>as a rule</i>, and is called so.
/// </remarks>
internal sealed class DisposalSites
{
    /// <summary>How many disposals are looked for exactly, of each line that allocates.</summary>
    private const int LooksPerLine = 16;

    private static readonly UninterruptedLock s_gate = new();

    // Threads may count in each other's way: then there are some looks more.
    private int _looks;
    private int _looksAtSecond;
    private Origin? _last;
    private bool _differ;
    private Origin[] _seconds = [];

    /// <summary>What the first disposals had in common; null while they are looked for.</summary>
    public Origin? Rule { get; private set; }

    /// <summary>Where a block is just being given back.</summary>
    /// <param name="type">The elements' type.</param>
    /// <param name="isExact">True if the line is worth a look each time.</param>
    public Origin Find(Type type, bool isExact) =>
        isExact || _looks < LooksPerLine ? Look(type) : Rule ??= AsRule(type);

    /// <summary>Where a block is just being given back a second time; false where that was found before, or is looked for no more.</summary>
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
