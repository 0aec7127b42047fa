namespace NativeBuffers.Analyzers.Tests.Oracle;

/// <summary>One run of a program.</summary>
internal sealed class Walk
{
    private const int MostTurns = 3;

    private readonly Choices _choices;
    private readonly RunReport _report;
    private readonly RunOwners _owners;
    private (HeldValue Value, Statement At)? _returned;
    private bool? _parameter;
    private bool? _flag;
    private int _attempts;

    public Walk(Choices choices, List<Mistake> mistakes, HashSet<Statement> doubts)
    {
        _choices = choices;
        _report = new RunReport(mistakes, doubts);
        _owners = new RunOwners(choices, _report);
    }

    private enum Flow
    {
        Next,
        Break,
        Throw,
        Leave,
    }

    public void Run(OracleProgram program)
    {
        if (program.Parameter is { } parameter)
        {
            var held = new Held(parameter.Kind, program.Body.FirstOrDefault() ?? new Statement.Break(), parent: null) { IsCallers = true };
            _owners[parameter] = new HeldValue(held, 0);
        }

        bool isThrown = Run(program.Body) == Flow.Throw && _report.HasThrown;
        if (_returned is var (value, at))
        {
            _owners.Return(value, at);
        }

        // The exception of a call that leaves the method may lose owners: the rules may report them, or not.
        _report.IsGuessed |= isThrown;
        _owners.Lose();
    }

    private Flow Run(List<Statement> block)
    {
        Flow flow = Flow.Next;
        List<(OwnerVariable Variable, Statement Declaration)> usings = [];
        foreach (Statement statement in block)
        {
            flow = Run(statement);
            if (flow == Flow.Next && statement is Statement.Declare { Target.IsUsing: true } declare)
            {
                usings.Add((declare.Target, declare));
            }

            if (flow != Flow.Next)
            {
                break;
            }
        }

        foreach ((OwnerVariable variable, Statement declaration) in Enumerable.Reverse(usings))
        {
            _owners.DisposeByUsing(_owners[variable], declaration);
        }

        return flow;
    }

    private Flow Run(Statement statement)
    {
        if (_attempts > 0 && MayThrow.At(statement) && _choices.Take(2) == 1)
        {
            _report.HasThrown = true;
            if (statement is Statement.Act { Deed: Deed.Share or Deed.Give, On: var given } && _owners[given].Held is { } held)
            {
                // The call may have taken the owner before it threw.
                held.IsShared = true;
            }

            return Flow.Throw;
        }

        switch (statement)
        {
            case Statement.Declare declare:
                _owners[declare.Target] = _owners.Evaluate(declare.Value, statement);
                return Flow.Next;
            case Statement.TryDeclare declare:
                if (_choices.Take(2) == 1)
                {
                    return Flow.Leave;
                }

                _owners[declare.Target] = _owners.Own(declare.Target.Kind, statement, parent: null);
                return Flow.Next;
            case Statement.Assign assign:
                _owners[assign.Target] = _owners.Evaluate(assign.Value, statement);
                return Flow.Next;
            case Statement.Drop drop:
                _ = _owners.Evaluate(drop.Value, statement);
                return Flow.Next;
            case Statement.Act act:
                _owners.Do(act);
                return Flow.Next;
            case Statement.DeclareView declare:
                _owners[declare.Target] = _owners.Evaluate(declare.Value, declare.Target.IsReference, statement);
                return Flow.Next;
            case Statement.AssignView assign:
                _owners[assign.Target] = _owners.Evaluate(assign.Value, assign.Target.IsReference, statement);
                return Flow.Next;
            case Statement.UseView use:
                _owners.Read(_owners[use.View], statement);
                return Flow.Next;
            case Statement.If branch:
                return IsTrue(branch) ? Run(branch.Then) : branch.Else is null ? Flow.Next : Run(branch.Else);
            case Statement.While loop:
                return Repeat(loop.Body, static () => { });
            case Statement.ForEach loop:
                Loan loan = _owners.Evaluate(loop.View, isReference: false, statement);
                return Repeat(loop.Body, () => _owners.Read(loan, statement));
            case Statement.UsingNew use:
                _owners[use.Target] = _owners.Evaluate(use.Value, statement);
                Flow left = Run(use.Body);
                _owners.DisposeByUsing(_owners[use.Target], statement);
                return left;
            case Statement.UsingOld use:
                return RunUsing(use);
            case Statement.TryFinally attempt:
                _attempts++;
                Flow flow = Run(attempt.Body);
                _attempts--;
                _owners.Do(attempt.Disposal);
                return flow;
            case Statement.TryCatch attempt:
                _attempts++;
                Flow tried = Run(attempt.Body);
                _attempts--;
                return tried == Flow.Throw ? Run(attempt.Handler) : tried;
            case Statement.SetFlag set:
                _flag = set.Value ?? _choices.Take(2) == 0;
                return Flow.Next;
            case Statement.Throw:
                return Flow.Throw;
            case Statement.Break:
                return Flow.Break;
            case Statement.Return { Value: { } returned }:
                _returned = (_owners[returned], statement);
                return Flow.Leave;
            default:
                return Flow.Leave;
        }
    }

    private Flow Repeat(List<Statement> body, Action before)
    {
        before();
        for (int turns = _choices.Take(MostTurns + 1); turns > 0; turns--)
        {
            switch (Run(body))
            {
                case Flow.Break:
                    return Flow.Next;
                case (Flow.Leave or Flow.Throw) and var left:
                    return left;
                default:
                    before();
                    break;
            }
        }

        return Flow.Next;
    }

    private bool IsTrue(Statement.If branch) => branch.Test switch
    {
        Test.Parameter => _parameter ??= _choices.Take(2) == 0,
        Test.NotParameter => !(_parameter ??= _choices.Take(2) == 0),
        Test.Flag => _flag ??= _choices.Take(2) == 0,
        Test.NotFlag => !(_flag ??= _choices.Take(2) == 0),
        Test.IsDisposed => _owners.IsDisposed(branch.Asked!),
        Test.IsNotDisposed => !_owners.IsDisposed(branch.Asked!),
        _ => _choices.Take(2) == 0,
    };

    /// <summary>The statement keeps a copy of a struct, and disposes the copy.</summary>
    private Flow RunUsing(Statement.UsingOld use)
    {
        HeldValue copy = _owners[use.On];
        bool wasMoved = copy.Held is { State: HeldState.Moved };
        Flow flow = Run(use.Body);
        if (copy.Held is not { } held || !use.On.Kind.HasMutatingMembers)
        {
            _owners.DisposeByUsing(copy, use);
        }
        else if (held.State == HeldState.Moved && _owners[use.On].Held != held)
        {
            _report.Doubt(use);
        }
        else if (held.State == HeldState.Moved && !wasMoved)
        {
            _report.Report(MistakeKind.Copy, held, use);
        }
        else if (held.State == HeldState.Owned && held.Version != copy.Version)
        {
            _report.Report(MistakeKind.Copy, held, use);
            held.State = HeldState.Disposed;
        }
        else
        {
            _owners.DisposeByUsing(copy, use);
        }

        return flow;
    }
}
