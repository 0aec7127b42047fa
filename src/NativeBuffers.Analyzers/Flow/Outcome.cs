using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>One way in which a method may return: its effects on the parameters, and its result.</summary>
internal sealed class Outcome : IEquatable<Outcome>
{
    private Outcome(IReadOnlyList<Effect> effects, Result result)
    {
        Effects = effects;
        Returned = result;
    }

    /// <summary>The effect on each parameter.</summary>
    public IReadOnlyList<Effect> Effects { get; }

    /// <summary>The result of the method.</summary>
    public Result Returned { get; }

    /// <summary>Reads the state in which a method returns.</summary>
    public static Outcome Of(Body body, IMethodSymbol method, State exit)
    {
        List<Effect> effects = [];
        foreach (IParameterSymbol parameter in method.Parameters)
        {
            TrackedObject? given = exit.Objects.FirstOrDefault(o => o.Parameter == parameter.Ordinal);
            Value last = exit[body.Variables.Of(parameter)];
            bool isReplaced = parameter.RefKind is RefKind.Ref or RefKind.Out
                && (last.Object < 0 || exit.Objects[last.Object].Parameter != parameter.Ordinal);
            Replacement replacement = !isReplaced ? Replacement.None
                : last.IsNull ? Replacement.Empty
                : IsGiven(exit, last) ? Replacement.Created
                : Replacement.Unknown;
            effects.Add(new Effect(given?.End ?? EndKind.None, given?.ViewsEnd ?? EndKind.None, given?.HasEscaped ?? false, replacement, ViewsOf(exit, last)));
        }

        return new Outcome(effects, ResultOf(exit, exit[body.Variables.Returned]));
    }

    /// <inheritdoc/>
    public bool Equals(Outcome? other) => other is not null && Effects.SequenceEqual(other.Effects) && Returned.Equals(other.Returned);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Outcome);

    /// <inheritdoc/>
    public override int GetHashCode() => Effects.Count;

    /// <summary>True for a new object that the caller must dispose. A cache keeps its object.</summary>
    private static bool IsGiven(State exit, Value value) => value.Object >= 0 && exit.Objects[value.Object] is { IsOwn: true, IsOwed: true };

    private static Result ResultOf(State exit, Value returned)
    {
        if (returned.Object >= 0)
        {
            TrackedObject result = exit.Objects[returned.Object];
            return result.Parameter >= 0
                ? new Result(Replacement.None, result.Parameter, string.Empty, null)
                : new Result(IsGiven(exit, returned) ? Replacement.Created : Replacement.Unknown, -1, ViewsOf(exit, result.Loans), null);
        }

        return new Result(returned.IsNull ? Replacement.Empty : Replacement.Unknown, -1, ViewsOf(exit, returned), returned.Bool);
    }

    private static string ViewsOf(State exit, Value value) => value.Object >= 0 ? string.Empty : ViewsOf(exit, value.Loans);

    private static string ViewsOf(State exit, IEnumerable<Loan> loans) =>
        string.Join(",", loans.Select(loan => exit.Objects[loan.Object].Parameter).Where(static p => p >= 0).Distinct().OrderBy(static p => p));

    /// <summary>The effect on a parameter.</summary>
    /// <param name="End">How its owner ended.</param>
    /// <param name="ViewsEnd">The cause of the end of its views.</param>
    /// <param name="Escapes">True if the method keeps it.</param>
    /// <param name="Replacement">The new content of a reference parameter.</param>
    /// <param name="Views">The parameters whose views it holds.</param>
    internal sealed record Effect(EndKind End, EndKind ViewsEnd, bool Escapes, Replacement Replacement, string Views);

    /// <summary>The result of the method.</summary>
    /// <param name="Kind">Whether it is new.</param>
    /// <param name="Parameter">The parameter that it returns; otherwise -1.</param>
    /// <param name="Views">The parameters whose views it returns.</param>
    /// <param name="Bool">The condition that it returns, if it is known.</param>
    internal sealed record Result(Replacement Kind, int Parameter, string Views, bool? Bool);
}
