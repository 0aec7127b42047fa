namespace NativeBuffers.Analyzers.Tests.Oracle;

/// <summary>Notes the mistakes of one run. After a mistake with an owner, it says nothing about the statements that touch the same owner.</summary>
internal sealed class RunReport(List<Mistake> mistakes, HashSet<Statement> doubts)
{
    /// <summary>True after a call in a <c>try</c> threw. The exception may never come: only a loss and a copy are mistakes then.</summary>
    public bool HasThrown { get; set; }

    /// <summary>True if the run made a choice that the rules may know better: they need not report its mistakes.</summary>
    public bool IsGuessed { get; set; }

    public void Doubt(Statement at) => doubts.Add(at);

    public void Touch(HeldValue value, Statement at)
    {
        if (value.Held is { IsSpoilt: true })
        {
            doubts.Add(at);
        }
    }

    public void ReportCopy(HeldValue value, OwnerKind kind, Statement at)
    {
        if (!kind.IsOfOneVariable)
        {
            return;
        }

        // A copy of an empty variable harms no memory: the rules may report it, or not.
        if (value.Held is { State: not HeldState.Moved } held)
        {
            Report(MistakeKind.Copy, held, at);
        }
        else
        {
            Add(new Mistake(MistakeKind.Copy, kind, at, IsFirst: false));
        }
    }

    public void Report(MistakeKind kind, Held held, Statement at)
    {
        Add(new Mistake(kind, held.Kind, at, !held.IsSpoilt));
        held.IsSpoilt = true;
    }

    public void Add(Mistake mistake)
    {
        if (!HasThrown || mistake.Kind is MistakeKind.Leak or MistakeKind.NotKept or MistakeKind.Copy)
        {
            mistakes.Add(mistake with { IsFirst = mistake.IsFirst && !IsGuessed });
        }
    }
}
