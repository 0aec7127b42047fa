using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Local arrays and lists of tasks: they have the loans of all their tasks.</summary>
internal static class TaskCollections
{
    /// <summary>Notes that a local array or list holds a task, too; false if it is no such local.</summary>
    public static bool Add(Body body, Evaluator evaluator, IOperation collection, Value task)
    {
        bool isLocal = collection is ILocalReferenceOperation && body.Types.IsCollectionOfTasks(collection.Type);
        int variable = isLocal ? evaluator.VariableOf(collection) : -1;
        if (variable < 0 || task.Object >= 0)
        {
            return false;
        }

        evaluator.State[variable] = Value.OfLoans([.. evaluator.State[variable].Loans, .. task.Loans]);
        return true;
    }

    /// <summary>One task of a collection. The walk does not know which one, so only a single loan of the collection is its loan for certain.</summary>
    public static Value OneOf(State state, Value tasks)
    {
        if (tasks.Loans.Length > 1)
        {
            Owners.Escape(state, tasks);
            return Value.Unknown;
        }

        return Value.OfLoans(tasks.Loans);
    }
}
