using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Runs calls of methods that are no members of owners: the signature and the attributes describe them, or their own bodies.</summary>
internal sealed class OtherCalls(Body body, Evaluator evaluator)
{
    private State State => evaluator.State;

    private Owners Owners => body.Owners;

    /// <summary>Runs a call.</summary>
    public Value Run(IOperation operation, ISymbol member, Value receiver, IOperation? instance, ImmutableArray<IArgumentOperation> arguments)
    {
        int held = State.HeldCount;
        State.Hold(receiver);
        foreach (IArgumentOperation argument in arguments)
        {
            State.Hold(ValueOf(argument));
        }

        List<Value> values = State.Release(held);
        receiver = values[0];
        values.RemoveAt(0);
        bool isQuiet = (member.Name is "Length" or "IsEmpty" or "Count" && member is IPropertySymbol) || (member.Name == "Dispose" && operation.IsImplicit);
        if (!isQuiet)
        {
            evaluator.UseOwner(receiver, Body.PlaceOf(operation));
        }

        if (member.Name == "Add" && values.Count == 1 && body.OwnedCollections.Contains(instance))
        {
            Owners.KeepInCollection(State, values[0]);
            return Value.Unknown;
        }

        if (body.Types.IsTask(instance?.Type))
        {
            AskTask(member, receiver, operation);
        }
        else if (body.Types.IsCollectionOfTasks(instance?.Type) && receiver.Object < 0)
        {
            return AskTasks(member, receiver, instance!, values);
        }

        IMethodSymbol? method = member as IMethodSymbol;
        if (Assertions.EndOf(method, arguments, values) is not PathEnd.None and var end)
        {
            State.Ends = end;
        }

        if (TryCreate(operation, method, arguments) is { } tried)
        {
            return tried;
        }

        List<Loan> loans = receiver.Object < 0 ? [.. receiver.Loans] : [];
        if (receiver.Object >= 0 && State.Objects[receiver.Object].Kind == OwnerKind.PoolArray)
        {
            loans.AddRange(Owners.View(State, receiver, operation.Syntax, lasting: false).Loans);
        }

        if (method is not null && body.Summaries.Of(method) is { } summary)
        {
            return summary.Apply(evaluator, body, operation, arguments, values);
        }

        string? viewOf = OwnershipAttributes.ViewOf(member);
        for (int i = 0; i < arguments.Length; i++)
        {
            Pass(arguments[i], values[i], method, loans, viewOf);
        }

        if (instance is not null && loans.Count > receiver.Loans.Length && evaluator.VariableOf(instance) is >= 0 and var changed
            && instance.Type is { IsRefLikeType: true } && !(method?.IsReadOnly ?? true))
        {
            // The object may keep the views that it was given.
            State[changed] = Value.OfLoans(loans);
        }

        if (!isQuiet && !LibraryTypes.IsOurs(member))
        {
            body.Called(State, member);
        }

        // One report is enough: results of an ended view are unknown.
        loans.RemoveAll(static loan => loan.End != EndKind.None && !loan.IsPending);
        return ResultOf(operation, member, method, loans, viewOf);
    }

    /// <summary>Runs a member of a task: it waits for the task, or asks whether the task is over.</summary>
    private void AskTask(ISymbol member, Value task, IOperation operation)
    {
        if (member.Name is "Wait" or "Result" or "GetAwaiter")
        {
            body.Owners.Await(State, task, Body.PlaceOf(operation));
        }
        else if (!body.Types.IsTask((member as IMethodSymbol)?.ReturnType))
        {
            Owners.Escape(State, task);
        }
    }

    /// <summary>Runs a member of an array or list of tasks.</summary>
    private Value AskTasks(ISymbol member, Value tasks, IOperation instance, List<Value> arguments)
    {
        if (member.Name == "Add" && arguments.Count == 1 && TaskCollections.Add(body, evaluator, instance, arguments[0]))
        {
            return Value.Unknown;
        }

        if (member is IPropertySymbol { IsIndexer: true })
        {
            return TaskCollections.OneOf(State, tasks);
        }

        if (member.Name is not ("Length" or "Count"))
        {
            // Other code gets the tasks, or waits for each of them.
            Owners.Escape(State, tasks);
            arguments.ForEach(argument => Owners.Escape(State, argument));
        }

        return Value.Unknown;
    }

    /// <summary>Runs one argument; a reference to a variable for <c>ref</c>, <c>in</c> and <c>out</c>.</summary>
    private Value ValueOf(IArgumentOperation argument)
    {
        if (argument.Parameter?.RefKind == RefKind.Out)
        {
            return Value.Unknown;
        }

        bool isReference = argument.Parameter is { RefKind: not RefKind.None };
        Value value = isReference && argument.Value is IInvocationOperation or IPropertyReferenceOperation or IArrayElementReferenceOperation
            && body.Types.KindOf(argument.Value.Type) == OwnerKind.None
                ? evaluator.Reference(argument.Value)
                : evaluator.Run(argument.Value);
        return body.Types.KindOf(argument.Value.Type) == OwnerKind.None ? value : evaluator.OwnerIn(value, argument.Value);
    }

    /// <summary>Treats an argument as the parameter's declaration says.</summary>
    private void Pass(IArgumentOperation argument, Value value, IMethodSymbol? method, List<Loan> loans, string? viewOf)
    {
        IParameterSymbol? parameter = argument.Parameter?.OriginalDefinition as IParameterSymbol ?? argument.Parameter;
        RefKind refKind = parameter?.RefKind ?? RefKind.None;
        SyntaxNode place = argument.Value.Syntax;
        bool isStarted = body.Types.IsTask(method?.ReturnType);
        if (refKind == RefKind.Out)
        {
            PassOut(argument, parameter!, loans);
            return;
        }

        if (value.Object < 0)
        {
            if (refKind == RefKind.None && !(parameter is not null && OwnershipAttributes.Borrows(parameter)))
            {
                Owners.Copy(body.Types.KindOf(argument.Value.Type), value, Body.NameOf(argument.Value));
            }

            evaluator.Use(value, argument.Value);
            if (method is { Name: "WaitAll", ContainingType: var type } && body.Types.IsTask(type))
            {
                body.Owners.Await(State, value, place);
            }
            else if (!isStarted && value.Loans.Any(static loan => loan.IsPending))
            {
                Owners.Escape(State, value);
            }

            bool flows = parameter?.ScopedKind != ScopedKind.ScopedValue && (viewOf is null || viewOf == parameter?.Name);
            loans.AddRange(flows ? value.Loans : value.Loans.RemoveAll(static loan => !loan.IsPending));
            if (refKind == RefKind.Ref && evaluator.VariableOf(argument.Value) is >= 0 and var written)
            {
                evaluator.Store(written, value.Loans.IsEmpty ? Value.Unknown : value);
            }

            return;
        }

        OwnerKind kind = State.Objects[value.Object].Kind;
        if (Owners.IsScoped(kind))
        {
            PassScoped(argument, value, kind, parameter, refKind, loans, viewOf);
            return;
        }

        if (kind == OwnerKind.PoolArray)
        {
            Owners.Use(State, value, place);
            loans.AddRange(Owners.View(State, value, place, lasting: isStarted).Loans);
        }
        else if (method is not null && LibraryTypes.IsPublicMember(method))
        {
            Owners.Use(State, value, place);
            if (Members.Takes(method) && State.Objects[value.Object].End == EndKind.None)
            {
                Owners.End(State, value.Object, EndKind.Moved, place);
            }
        }
        else if (parameter is null || !OwnershipAttributes.Borrows(parameter))
        {
            if (viewOf is not null && viewOf == parameter?.Name)
            {
                loans.AddRange(Owners.View(State, value, place, lasting: false).Loans);
            }

            Owners.Escape(State, value);
        }
        else
        {
            Owners.Use(State, value, place);
            loans.AddRange(Owners.View(State, value, place, lasting: isStarted).Loans);
        }

        if (refKind == RefKind.Ref)
        {
            evaluator.Store(evaluator.VariableOf(argument.Value), Value.Unknown);
        }
    }

    private void PassScoped(
        IArgumentOperation argument, Value value, OwnerKind kind, IParameterSymbol? parameter, RefKind refKind, List<Loan> loans, string? viewOf)
    {
        SyntaxNode place = argument.Value.Syntax;
        if (refKind == RefKind.Ref)
        {
            TrackedObject passed = State.Objects[value.Object];
            if (passed.End == EndKind.None)
            {
                Owners.EndViews(State, value.Object, EndKind.Replaced, place);
            }
            else
            {
                evaluator.Store(evaluator.VariableOf(argument.Value), Owners.Meet(State, kind, place, passed.Name));
            }

            return;
        }

        Owners.Use(State, value, place);
        bool borrows = refKind != RefKind.None || (parameter is not null && OwnershipAttributes.Borrows(parameter));
        bool takes = parameter is not null && OwnershipAttributes.Takes(parameter);
        if (borrows || (kind == OwnerKind.Borrow && !takes && value.Place is not null))
        {
            if (parameter?.ScopedKind is not (ScopedKind.ScopedRef or ScopedKind.ScopedValue) && (viewOf is null || viewOf == parameter?.Name))
            {
                loans.AddRange(Owners.View(State, value, place, lasting: false).Loans);
            }

            return;
        }

        Owners.Copy(kind, value, Body.NameOf(argument.Value));
        if (State.Objects[value.Object].End == EndKind.None)
        {
            Owners.End(State, value.Object, EndKind.Given, place);
        }
    }

    private void PassOut(IArgumentOperation argument, IParameterSymbol parameter, List<Loan> loans)
    {
        int variable = evaluator.VariableOf(argument.Value);
        OwnerKind kind = body.Types.KindOf(argument.Value.Type);
        if (Owners.IsScoped(kind) || (kind != OwnerKind.None && OwnershipAttributes.Gives(parameter)))
        {
            bool isOwed = variable >= 0 && !body.Variables.IsField(variable);
            evaluator.Store(variable, Owners.Create(State, kind, argument.Value.Syntax, Body.NameOf(argument.Value), isOwed));
        }
        else
        {
            evaluator.Store(variable, body.Types.IsView(argument.Value.Type) ? Value.OfLoans(loans) : Value.Unknown);
        }
    }

    /// <summary>Runs <c>NativeBuffer.TryCreate</c>, which has two outcomes; null for other methods.</summary>
    private Value? TryCreate(IOperation operation, IMethodSymbol? method, ImmutableArray<IArgumentOperation> arguments)
    {
        if (method is not { Name: "TryCreate" } || !SymbolEqualityComparer.Default.Equals(method.ContainingType, body.Types.BufferFactory))
        {
            return null;
        }

        bool isCreated = evaluator.Chooser.Choose(2) == 0;
        foreach (IArgumentOperation argument in arguments)
        {
            if (argument.Parameter?.RefKind == RefKind.Out)
            {
                int variable = evaluator.VariableOf(argument.Value);
                bool isOwed = variable >= 0 && !body.Variables.IsField(variable);
                string name = Body.NameOf(argument.Value);
                evaluator.Store(variable, isCreated ? Owners.Create(State, OwnerKind.Buffer, operation.Syntax, name, isOwed) : Value.Null);
            }
        }

        return Value.Of(isCreated);
    }

    private Value ResultOf(IOperation operation, ISymbol member, IMethodSymbol? method, List<Loan> loans, string? viewOf)
    {
        OwnerKind kind = body.Types.KindOf(operation.Type);
        if (method is null)
        {
            return ViewOf(operation, member, loans);
        }

        bool isByReference = method.RefKind != RefKind.None;
        if (kind != OwnerKind.None && !isByReference)
        {
            bool isPin = kind == OwnerKind.Pin && loans.Count > 0 && body.Types.IsMemory(method.ContainingType);
            bool gives = Owners.IsScoped(kind) || (isPin && !body.EndsPins)
                || OwnershipAttributes.Gives(method) || (method.IsStatic && LibraryTypes.IsPublicMember(method));
            return gives
                ? Owners.Create(State, kind, operation.Syntax, Body.NameOfCreation(operation), isOwed: true, Owners.IsScoped(kind) ? [.. loans] : [])
                : Owners.Meet(State, kind, operation.Syntax, Body.NameOfCreation(operation));
        }

        if (viewOf is null && body.Types.IsTask(operation.Type))
        {
            return Value.OfLoans(Pending(loans));
        }

        return viewOf is not null && operation.Type is { SpecialType: not SpecialType.System_Void } ? Value.OfLoans(loans) : ViewOf(operation, member, loans);
    }

    /// <summary>The loans of a task: a call that got a <c>Memory</c>, an array or an owner uses it until the task is over. It cannot keep a span.</summary>
    private static IEnumerable<Loan> Pending(List<Loan> loans)
    {
        foreach (Loan loan in loans)
        {
            if (loan.SurvivesResize)
            {
                yield return loan with { IsPending = true };
            }
        }
    }

    private Value ViewOf(IOperation operation, ISymbol member, List<Loan> loans)
    {
        bool isByReference = member is IMethodSymbol { RefKind: not RefKind.None } or IPropertySymbol { RefKind: not RefKind.None };
        bool isLasting = body.Types.IsMemory(operation.Type);
        if (operation.Type is { IsRefLikeType: true } && body.Types.IsMemory(member.ContainingType))
        {
            List<Loan> spans = [];
            foreach (Loan loan in loans)
            {
                spans.Add(loan with { Taken = operation.Syntax, SurvivesResize = false });
            }

            return Value.OfLoans(spans);
        }

        return isByReference || isLasting || body.Types.IsView(operation.Type) ? Value.OfLoans(loans) : Value.Unknown;
    }
}
