using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>The effects of private methods and local functions on the owners and views that they are given, read from their bodies.</summary>
internal sealed class Summaries(
    LibraryTypes types, SemanticModel? model, IReadOnlyDictionary<ISymbol, ControlFlowGraph> localFunctions, Captured captured)
{
    /// <summary>Calls within calls that are followed.</summary>
    private const int Depth = 3;

    private readonly Dictionary<ISymbol, Summary?> _known = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<(ISymbol Method, int View, int Owner), Finding?> _shared = [];
    private int _depth;

    /// <summary>The effects of a method; null if the signature must describe them.</summary>
    public Summary? Of(IMethodSymbol method)
    {
        IMethodSymbol definition = method.OriginalDefinition;
        if (!MayRead(definition) || !Concerns(definition) || IsAnnotated(definition))
        {
            return null;
        }

        if (!_known.TryGetValue(definition, out Summary? summary))
        {
            _known.Add(definition, null);
            if (_depth < Depth && GraphOf(definition) is { } graph)
            {
                _depth++;
                summary = Read(definition, graph);
                _depth--;
                _known[definition] = summary;
            }
        }

        return summary;
    }

    /// <summary>The use of an ended view, in a method that gets a view and its owner, and ends the owner. Null if there is none.</summary>
    /// <param name="method">The method.</param>
    /// <param name="view">The position of the parameter that gets the view.</param>
    /// <param name="owner">The position of the parameter that gets the owner of the view.</param>
    public Finding? UseOfEnded(IMethodSymbol method, int view, int owner)
    {
        if (!_shared.TryGetValue((method, view, owner), out Finding? found))
        {
            _shared.Add((method, view, owner), null);
            if (_depth < Depth && GraphOf(method) is { } graph)
            {
                _depth++;
                found = ReadShared(method, graph, view, owner);
                _depth--;
                _shared[(method, view, owner)] = found;
            }
        }

        return found;
    }

    /// <summary>True for methods that are described by their bodies: local functions, and private methods.</summary>
    public static bool MayRead(IMethodSymbol method) =>
        method.MethodKind == MethodKind.LocalFunction
            || (method is { MethodKind: MethodKind.Ordinary, DeclaredAccessibility: Accessibility.Private, IsAsync: false } && !method.IsExtern);

    private static bool IsAnnotated(IMethodSymbol method) =>
        OwnershipAttributes.Gives(method) || OwnershipAttributes.ViewOf(method) is not null
            || method.Parameters.Any(static p => OwnershipAttributes.Takes(p) || OwnershipAttributes.Borrows(p) || OwnershipAttributes.Gives(p));

    private bool Concerns(IMethodSymbol method)
    {
        foreach (IParameterSymbol parameter in method.Parameters)
        {
            if (IsFollowed(parameter.Type))
            {
                return true;
            }
        }

        return IsFollowed(method.ReturnType) || method.RefKind != RefKind.None;
    }

    private bool IsFollowed(ITypeSymbol type) => types.KindOf(type) != OwnerKind.None || types.IsView(type);

    private ControlFlowGraph? GraphOf(IMethodSymbol method)
    {
        if (localFunctions.TryGetValue(method, out ControlFlowGraph? local))
        {
            return local;
        }

        if (model is null || method.DeclaringSyntaxReferences.Length != 1 || method.MethodKind == MethodKind.LocalFunction)
        {
            return null;
        }

        SyntaxReference reference = method.DeclaringSyntaxReferences[0];
        return reference.SyntaxTree == model.SyntaxTree && model.GetOperation(reference.GetSyntax()) is IMethodBodyOperation body
            ? ControlFlowGraph.Create(body)
            : null;
    }

    private Summary? Read(IMethodSymbol method, ControlFlowGraph graph)
    {
        Findings findings = new();
        Body body = new(graph, method, types, findings, captured, this);
        State start = body.StartOf(method, marks: true);
        IReadOnlyList<State> exits = FlowWalk.Run(body, start);
        if (findings.IsIncomplete)
        {
            return null;
        }

        List<Outcome> outcomes = [];
        foreach (State exit in exits)
        {
            Outcome outcome = Outcome.Of(body, method, exit);
            if (!outcomes.Contains(outcome))
            {
                outcomes.Add(outcome);
            }
        }

        return outcomes.Count is > 0 and <= 6 ? new Summary(method, outcomes) : null;
    }

    private Finding? ReadShared(IMethodSymbol method, ControlFlowGraph graph, int view, int owner)
    {
        Findings findings = new();
        Body body = new(graph, method, types, findings, captured, this);
        State start = body.StartOf(method, marks: true);
        int variable = body.Variables.Of(method.Parameters[view]);
        int number = start[body.Variables.Of(method.Parameters[owner])].Object;
        if (variable < 0 || number < 0)
        {
            return null;
        }

        SyntaxNode taken = graph.OriginalOperation.Syntax;
        start[variable] = Value.OfLoans([new Loan(number, taken, types.IsMemory(method.Parameters[view].Type), EndKind.None, null)]);
        FlowWalk.Run(body, start);
        return findings.All().FirstOrDefault(finding => finding.Mistake == Mistake.EndedView && finding.Taken == taken);
    }
}
