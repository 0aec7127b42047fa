using System.Collections.Generic;
using Microsoft.CodeAnalysis;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Counts, for each place of a body, the paths that make a mistake there and the paths that do not.</summary>
internal sealed class Findings
{
    private readonly Dictionary<(Mistake Mistake, SyntaxNode Place), Finding> _wrong = [];
    private readonly HashSet<(Mistake Mistake, SyntaxNode Place)> _right = [];

    /// <summary>True if some paths were not followed, so nothing is certain.</summary>
    public bool IsIncomplete { get; set; }

    /// <summary>Notes that a path passes the place without the mistake.</summary>
    public void Pass(Mistake mistake, SyntaxNode place) => _right.Add((mistake, place));

    /// <summary>Notes that a path makes a mistake.</summary>
    public void Fail(Mistake mistake, SyntaxNode place, string name, SyntaxNode? taken, EndKind end, SyntaxNode? endedAt)
    {
        if (!_wrong.TryGetValue((mistake, place), out Finding? known) || Before(endedAt, known.EndedAt))
        {
            _wrong[(mistake, place)] = new Finding(mistake, place, name, taken, end, endedAt, IsCertain: true);
        }
    }

    /// <summary>All places with mistakes, in the order of the text.</summary>
    public IReadOnlyList<Finding> All()
    {
        List<Finding> all = [];
        foreach (KeyValuePair<(Mistake Mistake, SyntaxNode Place), Finding> wrong in _wrong)
        {
            all.Add(wrong.Value with { IsCertain = !IsIncomplete && !_right.Contains(wrong.Key) });
        }

        all.Sort(static (a, b) => a.Place.SpanStart != b.Place.SpanStart ? a.Place.SpanStart.CompareTo(b.Place.SpanStart) : a.Mistake.CompareTo(b.Mistake));
        return all;
    }

    /// <summary>True if the first place is before the other one: the same run always shows the same places.</summary>
    private static bool Before(SyntaxNode? place, SyntaxNode? other) => place is not null && other is not null && place.SpanStart < other.SpanStart;
}
