using System.Collections.Generic;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using NativeBuffers.Analyzers.Symbols;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>The meaning of creations, disposals, moves and uses: how each changes a state, and its reports.</summary>
internal sealed class Owners(LibraryTypes types, Findings findings)
{
    /// <summary>Scoped owners: ref structs, whose copies all stay in one method.</summary>
    public static bool IsScoped(OwnerKind kind) => MustNotBeCopied(kind) || kind == OwnerKind.Borrow;

    /// <summary>Owners that must not be copied.</summary>
    public static bool MustNotBeCopied(OwnerKind kind) =>
        kind is OwnerKind.Buffer or OwnerKind.ScratchList or OwnerKind.Arena or OwnerKind.ArenaScope;

    /// <summary>Makes an object that the method owns.</summary>
    public static Value Create(State state, OwnerKind kind, SyntaxNode place, string name, bool isOwed, ImmutableArray<Loan> loans = default) =>
        Value.OfObject(state.Add(new TrackedObject(kind, place, name) { IsOwn = true, IsOwed = isOwed, Loans = loans.IsDefault ? [] : loans }));

    /// <summary>Makes an object that other code owns.</summary>
    public static Value Meet(State state, OwnerKind kind, SyntaxNode place, string name) =>
        Value.OfObject(state.Add(new TrackedObject(kind, place, name) { MayBeNull = MayBeNull(kind) }));

    /// <summary>True for the kinds that are objects.</summary>
    public static bool MayBeNull(OwnerKind kind) => kind is OwnerKind.Heap or OwnerKind.PlatformOwner or OwnerKind.PoolArray;

    /// <summary>Uses an owner.</summary>
    public void Use(State state, Value owner, SyntaxNode place)
    {
        if (owner.Object < 0)
        {
            return;
        }

        state.IsThere(owner.Object);
        TrackedObject used = state.Objects[owner.Object];
        Mistake mistake = IsPooled(used.Kind) ? Mistake.UsedAfterReturn : Mistake.UsedAfterEnd;
        if (used.End == EndKind.None)
        {
            findings.Pass(mistake, place);
            UseLoans(state, used.Loans, place);
        }
        else
        {
            Fail(state, mistake, place, used.Name, used.Created, used.End, used.EndedAt);
        }
    }

    /// <summary>Disposes an owner. The disposal of a <c>using</c> statement is no mistake if the owner was disposed before.</summary>
    public void Dispose(State state, Value owner, SyntaxNode place, bool isImplicit)
    {
        if (owner.Object < 0)
        {
            return;
        }

        state.IsThere(owner.Object);
        TrackedObject disposed = state.Objects[owner.Object];
        Mistake mistake = IsPooled(disposed.Kind) ? Mistake.UsedAfterReturn : Mistake.DisposedTwice;
        if (disposed.End == EndKind.Disposed && !isImplicit)
        {
            Fail(state, mistake, place, disposed.Name, disposed.Created, disposed.End, disposed.EndedAt);
        }
        else
        {
            findings.Pass(mistake, place);
        }

        if (disposed.End == EndKind.None)
        {
            foreach (SyntaxNode use in disposed.UsesInFlight)
            {
                // The lambda may have been over before: the mistake is never certain.
                Mistake late = IsPooled(disposed.Kind) ? Mistake.UsedAfterReturn : Mistake.UsedAfterEnd;
                findings.Pass(late, use);
                Fail(state, late, use, disposed.Name, disposed.Created, EndKind.Disposed, place);
            }

            End(state, owner.Object, EndKind.Disposed, place);
        }
        else
        {
            state.Update(owner.Object, disposed with { IsOwed = false });
        }
    }

    /// <summary>Ends an object and its views.</summary>
    public static void End(State state, int number, EndKind end, SyntaxNode place)
    {
        TrackedObject ended = state.Objects[number];
        state.Update(number, ended with { End = end, EndedAt = place, IsOwed = false });
        EndViews(state, number, end, place);
    }

    /// <summary>Ends the views of an object that goes on.</summary>
    public static void EndViews(State state, int number, EndKind end, SyntaxNode place)
    {
        state.Update(number, state.Objects[number] with { ViewsEnd = Stronger(state.Objects[number].ViewsEnd, end) });
        bool isOver = end is EndKind.Disposed or EndKind.Moved or EndKind.Given;
        state.EndLoans(
            loan => loan.Object == number && loan.End == EndKind.None && (isOver || !loan.SurvivesResize),
            loan => loan with { End = end, EndedAt = place });
    }

    /// <summary>Notes that a collection of the method holds the object: it is still owed, and something keeps it alive.</summary>
    public static void KeepInCollection(State state, Value value)
    {
        if (value.Object >= 0)
        {
            state.Update(value.Object, state.Objects[value.Object] with { HasEscaped = true });
        }
    }

    /// <summary>Notes that other code knows the object from now on, and may dispose it.</summary>
    public static void Escape(State state, Value value)
    {
        if (value.Object >= 0)
        {
            state.Update(value.Object, state.Objects[value.Object] with { HasEscaped = true, IsOwed = false });
        }

        foreach (Loan loan in value.Loans)
        {
            if (loan.IsPending)
            {
                // Other code may await the task.
                state.ForgetPending(loan);
                continue;
            }

            // A Memory<T> keeps its owner alive, and its owner's finalizer frees: code that stores or returns it gets both.
            if (loan.SurvivesResize && value.Object < 0)
            {
                state.Update(loan.Object, state.Objects[loan.Object] with { HasEscaped = true, IsOwed = false });
            }
        }
    }

    /// <summary>A view of an owner.</summary>
    public static Value View(State state, Value owner, SyntaxNode place, bool lasting) =>
        owner.Object < 0 || state.Objects[owner.Object].End != EndKind.None ? Value.Unknown : Value.OfLoans(LoansOf(state, owner.Object, place, lasting));

    /// <summary>The loans that a view of an object has: of the object, and of all that the object needs.</summary>
    public static ImmutableArray<Loan> LoansOf(State state, int number, SyntaxNode place, bool lasting)
    {
        TrackedObject of = state.Objects[number];
        ImmutableArray<Loan>.Builder loans = ImmutableArray.CreateBuilder<Loan>();
        loans.Add(new Loan(number, place, lasting, of.End, of.EndedAt));
        loans.AddRange(of.Loans);
        return loans.ToImmutable();
    }

    /// <summary>Uses a view: none of its loans may have ended.</summary>
    public void UseView(State state, Value view, SyntaxNode place)
    {
        if (view.Object < 0 && !view.Loans.IsEmpty)
        {
            UseLoans(state, view.Loans, place);
        }
    }

    /// <summary>Waits for a task: the views that its call got must be valid until then.</summary>
    public void Await(State state, Value task, SyntaxNode place)
    {
        if (task.Object >= 0)
        {
            return;
        }

        foreach (Loan loan in task.Loans)
        {
            if (loan.IsPending)
            {
                // The call may have used the view at once, so the mistake is never certain.
                TrackedObject of = state.Objects[loan.Object];
                findings.Pass(MistakeWith(of.Kind), place);
                if (loan.End != EndKind.None)
                {
                    Fail(state, MistakeWith(of.Kind), place, of.Name, loan.Taken, loan.End, loan.EndedAt);
                }

                state.ForgetPending(loan);
            }
        }
    }

    /// <summary>Returns a value from the method: its objects must not have ended, not even in the last <c>finally</c> block.</summary>
    public void Return(State state, Value returned, SyntaxNode place)
    {
        Use(state, returned, place);
        UseView(state, returned, place);
        Await(state, returned, place);
        Escape(state, returned);
    }

    /// <summary>Reports a copy of an owner.</summary>
    public void Copy(OwnerKind kind, Value value, string name)
    {
        if (MustNotBeCopied(kind) && value.Place is { } place)
        {
            findings.Fail(Mistake.Copied, place, name, null, EndKind.None, null);
        }
    }

    /// <summary>Reports an object whose last name is gone while it is owed.</summary>
    public void Forget(IEnumerable<TrackedObject> forgotten, SyntaxNode? place)
    {
        foreach (TrackedObject lost in forgotten)
        {
            if (lost.IsOwn)
            {
                if (lost.IsOwed)
                {
                    findings.Fail(Mistake.NotDisposed, lost.Created, lost.Name, null, EndKind.None, place);
                }
                else
                {
                    findings.Pass(Mistake.NotDisposed, lost.Created);
                }
            }
        }
    }

    /// <summary>The kind of a type.</summary>
    public OwnerKind KindOf(ITypeSymbol? type) => types.KindOf(type);

    private static bool IsPooled(OwnerKind kind) => kind is OwnerKind.Pooled or OwnerKind.PoolArray or OwnerKind.PlatformOwner;

    private static EndKind Stronger(EndKind known, EndKind now) => known is EndKind.None or EndKind.Grown or EndKind.Replaced ? now : known;

    private static Mistake MistakeWith(OwnerKind kind) =>
        kind is OwnerKind.PoolArray or OwnerKind.PlatformOwner ? Mistake.UsedAfterReturn : Mistake.EndedView;

    private void Fail(State state, Mistake mistake, SyntaxNode place, string name, SyntaxNode? taken, EndKind end, SyntaxNode? endedAt)
    {
        if (!state.IsDoubtful)
        {
            findings.Fail(mistake, place, name, taken, end, endedAt);
        }
    }

    private void UseLoans(State state, ImmutableArray<Loan> loans, SyntaxNode place)
    {
        bool isRight = true;
        foreach (Loan loan in loans)
        {
            if (loan.End != EndKind.None && !loan.IsPending)
            {
                TrackedObject of = state.Objects[loan.Object];
                Fail(state, MistakeWith(of.Kind), place, of.Name, loan.Taken, loan.End, loan.EndedAt);
                isRight = false;
            }
        }

        if (isRight && !loans.IsEmpty)
        {
            findings.Pass(Mistake.EndedView, place);
            findings.Pass(Mistake.UsedAfterReturn, place);
        }
    }
}
