using NativeBuffers.Primitives;

namespace NativeBuffers.Instrumentation;

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

    /// <summary>A deeper stack is not walked for each block, because the walk would cost far more than a page guard.</summary>
    private const int MostDepth = 256;

    private static readonly UninterruptedLock s_gate = new();

    // Threads may overwrite each other's counts: then there are some more stack walks.
    private int _looks;
    private int _looksAtSecond;
    private AllocationSite? _last;
    private bool _differ;
    private bool _isDeep;
    private bool _hasMistakes;
    private AllocationSite[] _seconds = [];

    /// <summary>The line that the first disposals had in common; null until all of them were looked for.</summary>
    public AllocationSite? Rule { get; private set; }

    /// <summary>The line that gives a block back at this moment. Throws nothing.</summary>
    /// <param name="type">The elements' type.</param>
    /// <param name="isExact">True to walk the stack each time, unless the stack is deep.</param>
    public AllocationSite Find(Type type, bool isExact) =>
        (isExact && !_isDeep) || _looks < LooksPerLine ? Look(type) : Rule ??= AsRule(type);

    /// <summary>Whether the second disposal of a block, at this moment, is a mistake. Throws nothing.</summary>
    /// <remarks>
    /// A second disposal at the line of the first one is no mistake. The compiler copies a read-only field for each call. So a wrapper that
    /// disposes such a field, and is disposed again, disposes two copies at one line.
    /// </remarks>
    /// <param name="type">The elements' type.</param>
    /// <param name="first">The line of the first disposal.</param>
    /// <param name="second">The line of the second; null if it was found before, or the limit of stack walks is reached.</param>
    public bool IsMistake(Type type, AllocationSite first, out AllocationSite? second)
    {
        second = null;
        if (_looksAtSecond >= LooksPerLine)
        {
            return _hasMistakes;
        }

        _looksAtSecond++;
        AllocationSite found = CallSites.OfCaller(type, out _);
        if (found.Line > 0 && found.Line == first.Line && found.File == first.File)
        {
            return false;
        }

        _hasMistakes = true;
        using (s_gate.Enter())
        {
            if (Array.IndexOf(_seconds, found) < 0)
            {
                _seconds = [.. _seconds, found];
                second = found;
            }
        }

        return true;
    }

    private AllocationSite Look(Type type)
    {
        AllocationSite found = CallSites.OfCaller(type, out int depth);
        _isDeep |= depth > MostDepth;
        _differ |= _looks != 0 && _last != found;
        _last = found;
        _looks = int.Min(_looks + 1, LooksPerLine);
        return found;
    }

    private AllocationSite AsRule(Type type)
    {
        try
        {
            return _differ || _last is not { Line: > 0 } last ? AllocationSite.At(null, 0, type) : last.AsRule(type);
        }
        catch (OutOfMemoryException)
        {
            // A disposal goes on without its line.
            return AllocationSite.Unknown;
        }
    }
}
