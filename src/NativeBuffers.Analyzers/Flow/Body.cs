using System.Collections.Generic;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>One body that is analyzed, and what all parts of the analysis know of it.</summary>
internal sealed class Body
{
    public Body(ControlFlowGraph graph, IMethodSymbol? method, LibraryTypes types, Findings findings, Captured captured, Summaries summaries)
    {
        Graph = graph;
        Method = method;
        Types = types;
        Findings = findings;
        Summaries = summaries;
        Owners = new Owners(types, findings);
        OwnedCollections = captured.OwnedCollections;
        Flights = captured.Flights;
        Holders = new Holders(graph, method, captured);
        Variables = new Variables(method, captured, Holders);
        Look();
        Conditions = new Conditions(graph, Variables);
        Liveness = new Liveness(graph, Variables, Conditions);
    }

    public ControlFlowGraph Graph { get; }

    public IMethodSymbol? Method { get; }

    public LibraryTypes Types { get; }

    public Findings Findings { get; }

    public Summaries Summaries { get; }

    public Owners Owners { get; }

    public Holders Holders { get; }

    public OwnedCollections OwnedCollections { get; }

    public Flights Flights { get; }

    public Variables Variables { get; }

    public Conditions Conditions { get; }

    public Liveness Liveness { get; }

    /// <summary>The values that <c>using</c> statements keep and dispose.</summary>
    public HashSet<CaptureId> DisposedByUsing { get; } = [];

    /// <summary>The references that the compiler keeps, and writes through later: the value has branches, as in <c>b[0] = c ? 1 : 2</c>.</summary>
    public HashSet<CaptureId> WrittenThrough { get; } = [];

    /// <summary>True if some statement ends the latest pin of an owner by <c>Unpin</c>.</summary>
    public bool EndsPins { get; private set; }

    /// <summary>The block that is running.</summary>
    public BasicBlock? Block { get; set; }

    /// <summary>The number of the operation that is running in its block.</summary>
    public int Operation { get; set; }

    /// <summary>The state in which a method starts: other code owns the objects of the parameters.</summary>
    /// <param name="method">The method.</param>
    /// <param name="marks">True to mark the objects, and the views, with their parameters.</param>
    public State StartOf(IMethodSymbol? method, bool marks)
    {
        State state = State.Empty();
        foreach (IParameterSymbol parameter in method?.Parameters ?? [])
        {
            OwnerKind kind = Types.KindOf(parameter.Type);
            bool isView = marks && Types.IsView(parameter.Type);
            int variable = Variables.Of(parameter);
            if (variable < 0 || parameter.RefKind == RefKind.Out || (kind == OwnerKind.None && !isView) || parameter.DeclaringSyntaxReferences.Length == 0)
            {
                continue;
            }

            SyntaxNode place = Graph.OriginalOperation.Syntax;
            int number = state.Add(new TrackedObject(kind, place, parameter.Name)
            {
                Parameter = marks ? parameter.Ordinal : -1,
                MayBeNull = !marks && Owners.MayBeNull(kind),
            });
            state[variable] = isView ? Value.OfLoans([new Loan(number, place, SurvivesResize: false, EndKind.None, null)]) : Value.OfObject(number);
        }

        return state;
    }

    /// <summary>The name of an owner, in the user's words.</summary>
    public static string NameOf(IOperation operation) => operation switch
    {
        ILocalReferenceOperation local => local.Local.Name,
        IParameterReferenceOperation parameter => parameter.Parameter.Name,
        IFieldReferenceOperation field => field.Field.Name,
        IPropertyReferenceOperation { Property: { IsIndexer: false } property } => property.Name,
        IDeclarationExpressionOperation declaration => NameOf(declaration.Expression),
        IConversionOperation conversion => NameOf(conversion.Operand),
        _ => operation.Type?.Name ?? "owner",
    };

    /// <summary>The place of an operation in the user's text: what foreach calls is at the expression that it enumerates.</summary>
    public static SyntaxNode PlaceOf(IOperation operation)
    {
        SyntaxNode? node = operation.IsImplicit ? operation.Syntax : null;
        while (node is TypeSyntax)
        {
            node = node.Parent;
        }

        return node is CommonForEachStatementSyntax loop ? loop.Expression : operation.Syntax;
    }

    /// <summary>The name of the variable that a creation is for.</summary>
    public static string NameOfCreation(IOperation operation)
    {
        for (SyntaxNode? node = operation.Syntax; node is not null and not StatementSyntax; node = node.Parent)
        {
            switch (node)
            {
                case VariableDeclaratorSyntax declarator:
                    return declarator.Identifier.ValueText;
                case AssignmentExpressionSyntax { Left: IdentifierNameSyntax name }:
                    return name.Identifier.ValueText;
                case ArgumentSyntax:
                    return operation.Type?.Name ?? "owner";
                default:
                    break;
            }
        }

        return operation.Type?.Name ?? "owner";
    }

    /// <summary>Forgets the facts that a call of unknown code may change.</summary>
    public void Called(State state, ISymbol? member = null)
    {
        Conditions.Called(state);
        bool mayReachFields = member is null or IMethodSymbol { MethodKind: MethodKind.DelegateInvoke } || member.DeclaringSyntaxReferences.Length > 0;
        for (int i = 0; mayReachFields && i < state.VariableCount; i++)
        {
            if (Variables.IsField(i))
            {
                state[i] = Value.Unknown;
            }
        }
    }

    /// <summary>Uses a view, and checks that something keeps its owner alive.</summary>
    public void UseView(State state, Value view, SyntaxNode place)
    {
        Owners.UseView(state, view, place);
        if (view.Object >= 0)
        {
            return;
        }

        foreach (Loan loan in view.Loans)
        {
            TrackedObject owner = state.Objects[loan.Object];
            if (loan.End == EndKind.None && !loan.SurvivesResize && owner is { Kind: OwnerKind.Heap or OwnerKind.Pooled, IsOwn: true, HasEscaped: false })
            {
                if (IsKept(state, loan.Object))
                {
                    Findings.Pass(Mistake.NotKeptAlive, place);
                }
                else
                {
                    Findings.Fail(Mistake.NotKeptAlive, place, owner.Name, loan.Taken, EndKind.None, null);
                }
            }
        }
    }

    private bool IsKept(State state, int number)
    {
        for (int i = 0; i < state.VariableCount; i++)
        {
            Value value = state[i];
            bool holds = value.Object == number;
            foreach (Loan loan in value.Loans)
            {
                holds |= loan.Object == number && loan.SurvivesResize;
            }

            if (holds && (Block is null || Liveness.IsLiveAfter(Block, Operation, i)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Finds variables to which references lead, parameters that other code sees, and what <c>using</c> statements dispose.</summary>
    private void Look()
    {
        Variables.PinVariable(Variables.Returned);
        foreach (BasicBlock block in Graph.Blocks)
        {
            foreach (IOperation operation in block.Operations)
            {
                Look(operation);
            }

            if (block.BranchValue is { } value)
            {
                Look(value);
            }
        }
    }

    private void Look(IOperation operation)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (operation)
        {
            case IInvocationOperation { IsImplicit: true, TargetMethod.Name: "Dispose", Instance: { } instance }:
                if (Inner(instance) is IFlowCaptureReferenceOperation capture)
                {
                    DisposedByUsing.Add(capture.Id);
                }

                break;
            case IInvocationOperation { TargetMethod.Name: "Unpin" }:
                EndsPins = true;
                break;
            case IFlowCaptureReferenceOperation { Parent: var parent } target when IsTarget(parent, target):
                WrittenThrough.Add(target.Id);
                break;
            case ISimpleAssignmentOperation { IsRef: true, Value: var value }:
                Pin(value);
                break;
            case IAddressOfOperation address:
                Pin(address.Reference);
                break;
            case IParameterReferenceOperation { Parameter: { RefKind: not RefKind.None } parameter } when Variables.Of(parameter) is >= 0 and var seen:
                Variables.PinVariable(seen);
                break;
            case IFieldReferenceOperation field:
                Variables.Of(field);
                break;
            default:
                break;
        }

        foreach (IOperation child in operation.ChildOperations)
        {
            Look(child);
        }
    }

    private static bool IsTarget(IOperation? parent, IOperation target) => parent switch
    {
        IAssignmentOperation assignment => assignment.Target == target,
        IIncrementOrDecrementOperation => true,
        IArgumentOperation { Parameter.RefKind: not RefKind.None } => true,
        _ => false,
    };

    private void Pin(IOperation value)
    {
        int variable = value switch
        {
            ILocalReferenceOperation { Local.RefKind: RefKind.None } local => Variables.Of(local.Local),
            IParameterReferenceOperation parameter => Variables.Of(parameter.Parameter),
            _ => -1,
        };
        if (variable >= 0)
        {
            Variables.PinVariable(variable);
        }
    }

    private static IOperation Inner(IOperation operation) => operation is IConversionOperation conversion ? Inner(conversion.Operand) : operation;
}
