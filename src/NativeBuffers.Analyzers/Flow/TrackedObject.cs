using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>The facts of one created object on one path. Immutable.</summary>
internal sealed record TrackedObject(OwnerKind Kind, SyntaxNode Created, string Name)
{
    /// <summary>True if the method created the object, and did not get it from elsewhere.</summary>
    public bool IsOwn { get; init; }

    /// <summary>True if some statement of the method must still dispose the object.</summary>
    public bool IsOwed { get; init; }

    /// <summary>True if other code may know the object: it was stored, passed or captured.</summary>
    public bool HasEscaped { get; init; }

    /// <summary>True if other code made the object, if there is one: the variable may be null.</summary>
    public bool MayBeNull { get; init; }

    /// <summary>The answer of <c>IsDisposed</c> on this path, if other code decides it.</summary>
    public bool? IsKnownDisposed { get; init; }

    /// <summary>The position of the parameter that brought the object, for summaries; otherwise -1.</summary>
    public int Parameter { get; init; } = -1;

    /// <summary>The cause of the object's end.</summary>
    public EndKind End { get; init; }

    /// <summary>Where the object ended.</summary>
    public SyntaxNode? EndedAt { get; init; }

    /// <summary>True if a certain statement ended the views of the object, for summaries.</summary>
    public EndKind ViewsEnd { get; init; }

    /// <summary>Where lambdas use the object that may run at any time from now on.</summary>
    public ImmutableArray<SyntaxNode> UsesInFlight { get; init; } = [];

    /// <summary>The loans that the object itself has: a scope borrows its arena.</summary>
    public ImmutableArray<Loan> Loans { get; init; } = [];

    /// <summary>Compares the loans one by one.</summary>
    public bool Equals(TrackedObject? other) =>
        other is not null && Kind == other.Kind && Created == other.Created && Name == other.Name && IsOwn == other.IsOwn && IsOwed == other.IsOwed
            && HasEscaped == other.HasEscaped && MayBeNull == other.MayBeNull && Parameter == other.Parameter && End == other.End && EndedAt == other.EndedAt
            && ViewsEnd == other.ViewsEnd && IsKnownDisposed == other.IsKnownDisposed && UsesInFlight.SequenceEqual(other.UsesInFlight)
            && Loans.SequenceEqual(other.Loans);

    /// <inheritdoc/>
    public override int GetHashCode() => (Created.GetHashCode() * 31) + ((int)End * 7) + (IsOwed ? 1 : 0) + (EndedAt?.GetHashCode() ?? 0);
}
