using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>The effects of a method on the owners and views that it is given: one of several outcomes.</summary>
internal sealed class Summary(IMethodSymbol method, IReadOnlyList<Outcome> outcomes)
{
    /// <summary>Runs a call of the method.</summary>
    public Value Apply(
        Evaluator evaluator, Body body, IOperation operation, ImmutableArray<IArgumentOperation> arguments, IReadOnlyList<Value> values)
    {
        State state = evaluator.State;
        Outcome outcome = outcomes[outcomes.Count == 1 ? 0 : evaluator.Chooser.Choose(outcomes.Count)];
        Dictionary<int, ImmutableArray<Loan>> views = [];
        Dictionary<int, Value> owners = [];
        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i].Parameter is not { } parameter)
            {
                continue;
            }

            Value value = values[i];
            SyntaxNode place = arguments[i].Value.Syntax;
            bool isReplaceable = parameter.RefKind is RefKind.Ref or RefKind.Out;
            if (!isReplaceable || value.Object < 0 || state.Objects[value.Object].End == EndKind.None)
            {
                body.Owners.Use(state, value, place);
            }

            evaluator.Use(value, arguments[i].Value);
            views[parameter.Ordinal] = value.Object >= 0 && state.Objects[value.Object].End == EndKind.None
                ? Owners.LoansOf(state, value.Object, place, lasting: false)
                : value.Loans;
            owners[parameter.Ordinal] = value;
        }

        CheckShared(body, arguments, values);
        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i].Parameter is { } parameter)
            {
                Pass(evaluator, body, arguments[i], values[i], parameter, outcome.Effects[parameter.Ordinal], views);
            }
        }

        body.Called(state, method);
        if (method.IsAsync)
        {
            return Value.OfLoans(views.Values.SelectMany(static given => given).Where(static loan => loan.End == EndKind.None)
                .Select(static loan => loan with { SurvivesResize = true, IsPending = true }));
        }

        return ResultOf(body, state, operation, outcome.Returned, views, owners);
    }

    /// <summary>Reports a view that the method uses after it ended it, because another argument is the owner of the view.</summary>
    private void CheckShared(Body body, ImmutableArray<IArgumentOperation> arguments, IReadOnlyList<Value> values)
    {
        for (int i = 0; i < arguments.Length; i++)
        {
            if (values[i].Object >= 0 || method.IsAsync || arguments[i].Parameter is not { RefKind: RefKind.None } view || !body.Types.IsView(view.Type))
            {
                continue;
            }

            foreach (Loan loan in values[i].Loans)
            {
                for (int j = 0; j < arguments.Length; j++)
                {
                    if (values[j].Object == loan.Object && loan.End == EndKind.None && arguments[j].Parameter is { } owner
                        && body.Summaries.UseOfEnded(method, view.Ordinal, owner.Ordinal) is { } late)
                    {
                        SyntaxNode place = arguments[i].Value.Syntax;
                        body.Findings.Fail(Mistake.EndedView, place, Body.NameOf(arguments[j].Value), loan.Taken, late.End, late.EndedAt);
                        if (!late.IsCertain)
                        {
                            body.Findings.Pass(Mistake.EndedView, place);
                        }
                    }
                }
            }
        }
    }

    private static void Pass(
        Evaluator evaluator,
        Body body,
        IArgumentOperation argument,
        Value value,
        IParameterSymbol parameter,
        Outcome.Effect effect,
        Dictionary<int, ImmutableArray<Loan>> views)
    {
        State state = evaluator.State;
        SyntaxNode place = argument.Value.Syntax;
        OwnerKind kind = body.Types.KindOf(argument.Value.Type);
        if (value.Object >= 0)
        {
            bool isOpen = state.Objects[value.Object].End == EndKind.None;
            if (parameter.RefKind == RefKind.None && Owners.IsScoped(kind) && kind != OwnerKind.Borrow)
            {
                body.Owners.Copy(kind, value, Body.NameOf(argument.Value));
                if (isOpen)
                {
                    Owners.End(state, value.Object, EndKind.Given, place);
                }
            }
            else if (isOpen && effect.End != EndKind.None)
            {
                Owners.End(state, value.Object, effect.End, place);
            }
            else if (isOpen && effect.ViewsEnd != EndKind.None)
            {
                Owners.EndViews(state, value.Object, effect.ViewsEnd, place);
            }

            if (effect.Escapes)
            {
                Owners.Escape(state, value);
            }
        }

        if (parameter.RefKind is RefKind.Ref or RefKind.Out && effect.Replacement != Replacement.None)
        {
            int variable = evaluator.VariableOf(argument.Value);
            bool isOwed = variable >= 0 && !body.Variables.IsField(variable);
            evaluator.Store(variable, effect.Replacement switch
            {
                Replacement.Empty => Value.Null,
                Replacement.Created when kind != OwnerKind.None => Owners.Create(state, kind, place, Body.NameOf(argument.Value), isOwed),
                _ => Value.OfLoans(Pick(effect.Views, views)),
            });
        }
    }

    private static Value ResultOf(
        Body body, State state, IOperation operation, Outcome.Result result, Dictionary<int, ImmutableArray<Loan>> views, Dictionary<int, Value> owners)
    {
        if (result.Bool is { } known)
        {
            return Value.Of(known);
        }

        if (result.Parameter >= 0)
        {
            return owners.TryGetValue(result.Parameter, out Value? same) ? same.Content() : Value.Unknown;
        }

        OwnerKind kind = body.Types.KindOf(operation.Type);
        string name = Body.NameOfCreation(operation);
        if (kind != OwnerKind.None)
        {
            return result.Kind switch
            {
                Replacement.Empty => Value.Null,
                Replacement.Created => Owners.Create(state, kind, operation.Syntax, name, isOwed: true, [.. Pick(result.Views, views)]),
                _ => Owners.Meet(state, kind, operation.Syntax, name),
            };
        }

        return result.Kind == Replacement.Empty ? Value.Null : Value.OfLoans(Pick(result.Views, views));
    }

    private static List<Loan> Pick(string parameters, Dictionary<int, ImmutableArray<Loan>> views)
    {
        List<Loan> loans = [];
        foreach (string parameter in parameters.Split([','], System.StringSplitOptions.RemoveEmptyEntries))
        {
            if (views.TryGetValue(int.Parse(parameter, CultureInfo.InvariantCulture), out ImmutableArray<Loan> given))
            {
                loans.AddRange(given);
            }
        }

        return loans;
    }
}
