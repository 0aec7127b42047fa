namespace NativeBuffers.Analyzers.Tests.Oracle;

/// <summary>The owners and views of one run, and the meaning of the expressions and statements that use them.</summary>
internal sealed class RunOwners(Choices choices, RunReport report)
{
    private readonly Dictionary<OwnerVariable, HeldValue> _owners = [];
    private readonly Dictionary<ViewVariable, Loan> _views = [];
    private readonly List<Held> _all = [];

    public HeldValue this[OwnerVariable variable]
    {
        get => _owners[variable];
        set => _owners[variable] = value;
    }

    public Loan this[ViewVariable variable]
    {
        get => _views[variable];
        set => _views[variable] = value;
    }

    /// <summary>The disposals of the method are over: the caller gets the buffer as it is now.</summary>
    public void Return(HeldValue value, Statement at)
    {
        report.Touch(value, at);
        switch (value.Held)
        {
            case null:
                break;
            case { State: HeldState.Owned } given:
                given.State = HeldState.Returned;
                break;
            case { State: HeldState.Moved }:
                report.Doubt(at);
                break;
            case var ended:
                report.Report(MistakeKind.UseAfterEnd, ended, at);
                break;
        }
    }

    /// <summary>The method is over: owners that it still holds are lost.</summary>
    public void Lose()
    {
        foreach (Held held in _all.Where(static held => held is { State: HeldState.Owned, IsShared: false }))
        {
            report.Add(new Mistake(MistakeKind.Leak, held.Kind, held.Origin, !held.IsSpoilt));
            foreach (Statement view in held.Kind.IsScoped ? [] : held.Views)
            {
                report.Add(new Mistake(MistakeKind.NotKept, held.Kind, view, IsFirst: false));
            }
        }
    }

    public bool IsDisposed(OwnerVariable asked)
    {
        HeldValue value = _owners[asked];
        switch (value.Held)
        {
            case null:
                return false;
            case { State: HeldState.Disposed, IsReplaced: false, IsSpoilt: false }:
                return true;
            case { IsShared: false, IsCallers: false, IsReplaced: false, IsSpoilt: false, State: var state } held
                when value.Version == held.Version && (state == HeldState.Owned || (state == HeldState.Moved && asked.Kind == OwnerKind.Buffer)):
                return false;
            default:
                // A caller, a method that got the owner, or an earlier mistake decides.
                report.IsGuessed |= value.Held is { IsSpoilt: true } or { IsCallers: false, IsShared: false };
                bool isDisposed = value.Held.IsKnownDisposed ??= choices.Take(2) == 0;
                return isDisposed;
        }
    }

    public HeldValue Evaluate(Source source, Statement at)
    {
        switch (source)
        {
            case Source.Create create:
                return Own(create.Kind, at, parent: null);
            case Source.Copy { From: var from }:
                HeldValue copied = _owners[from];
                report.Touch(copied, at);
                report.ReportCopy(copied, from.Kind, at);
                return copied;
            case Source.Move { From: var from }:
                return MoveFrom(from, from.Kind, at);
            case Source.ToOwner { From: var from }:
                return MoveFrom(from, OwnerKind.HeapOwner, at);
            case Source.Part { Of: var of }:
                HeldValue whole = _owners[of];
                Use(whole, at);
                return Own(of.Kind is OwnerKind.Arena or OwnerKind.Scope ? OwnerKind.Scope : OwnerKind.Borrow, at, whole.Held);
            case Source.Either either:
                return Evaluate(choices.Take(2) == 0 ? either.First : either.Second, at);
            default:
                return default;
        }
    }

    private HeldValue MoveFrom(OwnerVariable from, OwnerKind kind, Statement at)
    {
        HeldValue value = _owners[from];
        Use(value, at);
        if (value.Held is not { } held)
        {
            // The move of an empty variable gives an empty buffer; a heap owner of no elements is an owner.
            return kind == from.Kind ? default : Own(kind, at, parent: null);
        }

        if (from.IsParameter)
        {
            report.Report(MistakeKind.Copy, held, at);
        }

        End(held, HeldState.Moved);
        HeldValue moved = Own(kind, at, parent: null);
        moved.Held!.IsSpoilt = held.IsSpoilt;
        return moved;
    }

    public Loan Evaluate(ViewSource source, bool isReference, Statement at)
    {
        switch (source)
        {
            case ViewSource.Of { Owner: var owner }:
                HeldValue value = _owners[owner];
                Use(value, at);
                value.Held?.Views.Add(at);
                return new Loan(value.Held);
            case ViewSource.From { View: var view } from:
                if (!from.IsCopyTo(isReference))
                {
                    Read(_views[view], at);
                }

                return _views[view];
            default:
                return new Loan(null);
        }
    }

    public void Do(Statement.Act act) => Do(act, act.Deed);

    private void Do(Statement.Act act, Deed deed)
    {
        HeldValue value = _owners[act.On];
        if (act.On.IsParameter && deed is Deed.Dispose or Deed.Grow or Deed.PassMoved)
        {
            // The compiler calls the member on a copy.
            Use(value, act);
            report.Report(MistakeKind.Copy, value.Held!, act);
            return;
        }

        switch (deed)
        {
            case Deed.Dispose:
                Dispose(value, act);
                break;
            case Deed.Grow when value.Held is null || (act.On.Kind == OwnerKind.Buffer && value.Held is { State: HeldState.Moved }):
                // An empty buffer gets memory.
                report.Touch(value, act);
                _owners[act.On] = Own(act.On.Kind, act, parent: null);
                _owners[act.On].Held!.IsSpoilt = value.Held is { IsSpoilt: true };
                break;
            case Deed.Grow:
                Use(value, act);
                _owners[act.On] = Grow(value);
                break;
            case Deed.StoreGrown or Deed.PassGrown:
                Use(value, act);
                bool isOwned = value.Held is { State: HeldState.Owned };
                var older = new Loan(value.Held);
                Do(act, Deed.PassRef);
                if (isOwned)
                {
                    Read(older, act);
                }

                break;
            case Deed.PassRef when value.Held is { State: not HeldState.Owned } held:
                // The method may have made it an owner again, or not.
                report.Doubt(act);
                held.IsSpoilt = true;
                held.IsReplaced = true;
                break;
            case Deed.PassRef:
                report.Touch(value, act);
                _owners[act.On] = Grow(value);
                break;
            case Deed.PassByValue:
                report.Touch(value, act);
                report.ReportCopy(value, act.On.Kind, act);
                Use(value, act);
                End(value.Held, HeldState.Taken);
                break;
            case Deed.PassMoved:
                Use(value, act);
                End(value.Held, HeldState.Moved);
                break;
            case Deed.EndInside or Deed.RenewInside:
                report.Touch(value, act);
                if (value.Held is { State: not HeldState.Owned } ended)
                {
                    // The second disposal is in the other method.
                    report.Doubt(act);
                    ended.IsSpoilt = true;
                }

                End(value.Held, HeldState.Disposed);
                if (deed == Deed.RenewInside)
                {
                    _owners[act.On] = Own(act.On.Kind, act, parent: null);
                }

                break;
            case Deed.Share or Deed.Give:
                // An object on the heap lives on, and other code disposes it.
                report.Touch(value, act);
                if (value.Held is { } shared)
                {
                    shared.IsShared = true;
                }

                break;
            default:
                Use(value, act);
                value.Held?.Views.Add(act);
                break;
        }
    }

    private static HeldValue Grow(HeldValue value)
    {
        if (value.Held is not { State: HeldState.Owned } held)
        {
            return value;
        }

        held.Version++;
        return new HeldValue(held, held.Version);
    }

    public HeldValue Own(OwnerKind kind, Statement at, Held? parent)
    {
        var held = new Held(kind, at, parent);
        _all.Add(held);
        return new HeldValue(held, 0);
    }

    private static void End(Held? held, HeldState state)
    {
        if (held is { State: HeldState.Owned })
        {
            held.State = state;
        }
    }

    private void Dispose(HeldValue value, Statement at)
    {
        report.Touch(value, at);
        if (value.Held is { State: HeldState.Disposed } held)
        {
            report.Report(MistakeKind.DoubleDispose, held, at);
        }

        End(value.Held, HeldState.Disposed);
    }

    public void DisposeByUsing(HeldValue value, Statement at)
    {
        report.Touch(value, at);
        End(value.Held, HeldState.Disposed);
    }

    /// <summary>A member of an owner is called.</summary>
    private void Use(HeldValue value, Statement at)
    {
        report.Touch(value, at);
        if (value.Held is not { } held)
        {
            return;
        }

        if (!held.IsAlive)
        {
            report.Report(MistakeKind.UseAfterEnd, held, at);
        }
        else if (held.Kind.HasMutatingMembers && value.Version != held.Version)
        {
            report.Report(MistakeKind.StaleCopy, held, at);
        }
    }

    public void Read(Loan loan, Statement at)
    {
        loan.From?.Views.Add(at);
        if (loan.IsSpoilt || loan.From is { IsSpoilt: true })
        {
            report.Doubt(at);
        }

        if (!loan.IsValid)
        {
            report.Add(new Mistake(MistakeKind.EndedView, loan.From!.Kind, at, !loan.IsSpoilt && !loan.From.IsSpoilt));
            loan.IsSpoilt = true;
        }
    }
}
