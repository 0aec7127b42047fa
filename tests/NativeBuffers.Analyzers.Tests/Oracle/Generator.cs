namespace NativeBuffers.Analyzers.Tests.Oracle;

/// <summary>Makes random programs that compile. Some have many mistakes, some one, some none.</summary>
/// <remarks>A careful program asks the interpreter about each new statement, and mostly drops a statement that makes a mistake.</remarks>
internal sealed class Generator
{
    private readonly Random _random;
    private readonly bool _heap;
    private readonly OracleProgram _program;
    private readonly double _care;
    private readonly Scope _scope;
    private int _budget;
    private int _names;
    private int _mistakes;
    private int _branches;
    private int _handlers;

    private Generator(int seed, bool heap)
    {
        _random = new Random(seed);
        _heap = heap;
        _care = _random.Next(4) switch { 0 => 0.4, 1 => 0.9, _ => 1 };
        _budget = _random.Next(3, 12);
        OwnerVariable? parameter = heap || _random.Next(5) > 0
            ? null
            : new OwnerVariable("p", _random.Next(3) == 0 ? OwnerKind.ScratchList : OwnerKind.Buffer, depth: 1, valueDepth: 0) { IsParameter = true };
        _program = new OracleProgram { Parameter = parameter, ReturnsBuffer = !heap && _random.Next(4) == 0 };
        _scope = new Scope(_random);
        if (parameter is not null)
        {
            _scope.Owners.Add(parameter);
        }
    }

    /// <summary>The program of a seed. The same seed gives the same program.</summary>
    /// <param name="seed">Any number.</param>
    /// <param name="heap">True for owners on the heap; false for ref structs.</param>
    public static OracleProgram Make(int seed, bool heap)
    {
        var generator = new Generator(seed, heap);
        generator.Fill(generator._program.Body, depth: 2, inLoop: false);
        generator.Tidy();
        return generator._program;
    }

    private bool Chance(int percent) => _random.Next(100) < percent;

    private void Fill(List<Statement> block, int depth, bool inLoop)
    {
        int owners = _scope.Owners.Count;
        int views = _scope.Views.Count;
        for (int tries = 0; _budget > 0 && tries < 40; tries++)
        {
            if (!TryAdd(block, depth, inLoop))
            {
                continue;
            }

            bool isLeft = block[^1] is Statement.Return or Statement.Throw or Statement.Break;
            if (isLeft || (depth > 2 && Chance(25)))
            {
                break;
            }
        }

        _scope.Owners.RemoveRange(owners, _scope.Owners.Count - owners);
        _scope.Views.RemoveRange(views, _scope.Views.Count - views);
    }

    private bool TryAdd(List<Statement> block, int depth, bool inLoop)
    {
        int owners = _scope.Owners.Count;
        int views = _scope.Views.Count;
        if (Choose(depth, inLoop) is not { } statement)
        {
            return false;
        }

        block.Add(statement);
        if (!IsAccepted())
        {
            block.RemoveAt(block.Count - 1);
            _scope.Owners.RemoveRange(owners, _scope.Owners.Count - owners);
            _scope.Views.RemoveRange(views, _scope.Views.Count - views);
            return false;
        }

        _budget--;
        FillBodies(statement, depth, inLoop);
        return true;
    }

    private bool IsAccepted()
    {
        Findings found = Interpreter.Run(_program);
        int mistakes = found.Mistakes.Count(static mistake => mistake.Kind != MistakeKind.Leak);
        if (!found.IsWhole || (mistakes > _mistakes && _random.NextDouble() < _care))
        {
            return false;
        }

        _mistakes = mistakes;
        return true;
    }

    private void FillBodies(Statement statement, int depth, bool inLoop)
    {
        switch (statement)
        {
            case Statement.UsingNew use:
                _scope.Owners.Add(use.Target);
                use.Target.Guards++;
                Fill(use.Body, depth + 2, inLoop);
                _scope.Owners.Remove(use.Target);
                break;
            case Statement.UsingOld { On: var guarded }:
                guarded.Guards++;
                Fill(statement.Bodies[0], depth + 1, inLoop);
                guarded.Guards--;
                break;
            case Statement.TryFinally { On: var guarded }:
                guarded.Guards++;
                Fill(statement.Bodies[0], depth + 1, inLoop);
                guarded.Guards--;
                break;
            case Statement.TryCatch attempt:
                Fill(attempt.Body, depth + 1, inLoop);
                _handlers++;
                Fill(attempt.Handler, depth + 1, inLoop);
                _handlers--;
                break;
            default:
                foreach (List<Statement> body in statement.Bodies)
                {
                    Fill(body, depth + 1, inLoop || statement is Statement.While or Statement.ForEach);
                }

                break;
        }
    }

    private Statement? Choose(int depth, bool inLoop) => _random.Next(100) switch
    {
        < 18 => Declare(depth),
        < 22 => Assign(),
        < 23 => new Statement.SetFlag(_random.Next(3) switch { 0 => null, 1 => true, _ => false }),
        < 25 => new Statement.Drop(new Source.Create(NewKind(), _random.Next(1, 4))),
        < 45 => Act(),
        < 58 => DeclareView(depth),
        < 63 => AssignView(),
        < 77 => _scope.AnyView() is { } view ? new Statement.UseView(view, _random.Next(2)) : null,
        < 91 => Compound(depth),
        _ when depth == 2 => null,
        < 94 => inLoop ? new Statement.Break() : null,
        < 97 => new Statement.Throw(),
        _ => new Statement.Return(_program.ReturnsBuffer ? _scope.AnyOwner(CanBeReturned) : null),
    };

    private static bool CanBeReturned(OwnerVariable variable) =>
        variable is { Kind: OwnerKind.Buffer, IsParameter: false };

    private OwnerKind NewKind() => _random.Next(10) switch
    {
        < 5 => _heap ? OwnerKind.HeapOwner : OwnerKind.Buffer,
        < 7 => _heap ? OwnerKind.HeapList : OwnerKind.ScratchList,
        < 8 => _heap ? OwnerKind.Pooled : OwnerKind.Arena,
        _ => _heap ? OwnerKind.HeapOwner : OwnerKind.Buffer,
    };

    private OwnerVariable Variable(OwnerKind kind, int depth, int valueDepth, bool isUsing)
    {
        var variable = new OwnerVariable($"{char.ToLowerInvariant(kind.ToString()[0])}{_names++}", kind, depth, valueDepth) { IsUsing = isUsing };
        return variable;
    }

    private Statement? Declare(int depth)
    {
        if (!_heap && Chance(8))
        {
            OwnerVariable got = Variable(OwnerKind.Buffer, depth, 0, isUsing: false);
            _scope.Owners.Add(got);
            _branches++;
            return new Statement.TryDeclare(got);
        }

        if (NewValue() is not var (source, kind, valueDepth))
        {
            return null;
        }

        bool isUsing = source is not Source.Empty && Chance(40);
        OwnerVariable variable = Variable(kind, depth, valueDepth, isUsing);
        variable.MayBeEmpty = source is Source.Empty or Source.Copy { From.MayBeEmpty: true } or Source.Move { From.MayBeEmpty: true };
        _scope.Owners.Add(variable);
        return new Statement.Declare(variable, source);
    }

    /// <summary>A value, its type, and the depth that it does not leave.</summary>
    private (Source Source, OwnerKind Kind, int ValueDepth)? NewValue()
    {
        int roll = _random.Next(100);
        if (roll < 50 || _scope.Owners.Count == 0)
        {
            OwnerKind kind = NewKind();
            int form = _random.Next(_handlers > 0 ? 1 : 0, 4);

            // A list over the stack does not leave the method, and C# has no stack memory in handlers.
            int valueDepth = kind == OwnerKind.ScratchList && form == 0 ? 2 : 0;
            return (roll < 4 && kind is OwnerKind.Buffer ? new Source.Empty() : new Source.Create(kind, form), kind, valueDepth);
        }

        OwnerVariable from = _scope.Owners[_random.Next(_scope.Owners.Count)];
        return (roll, from.Kind) switch
        {
            ( < 62, _) => (new Source.Copy(from), from.Kind, from.ValueDepth),
            ( < 82, OwnerKind.Buffer or OwnerKind.HeapOwner) => (new Source.Move(from), from.Kind, from.ValueDepth),
            ( < 86, OwnerKind.Buffer) => (new Source.Either(new Source.Move(from), new Source.Create(from.Kind, _random.Next(4))), from.Kind, 0),
            (_, OwnerKind.Arena or OwnerKind.Scope) => (new Source.Part(from), OwnerKind.Scope, from.Depth),
            (_, OwnerKind.HeapOwner) => (new Source.Part(from), OwnerKind.Borrow, 0),
            (_, OwnerKind.Buffer or OwnerKind.HeapList) when _heap || Chance(15) => (new Source.ToOwner(from), OwnerKind.HeapOwner, 0),
            _ => null,
        };
    }

    private Statement.Assign? Assign()
    {
        bool CanBeAssigned(OwnerVariable variable) =>
            variable is { IsUsing: false, IsParameter: false, Kind: OwnerKind.Buffer or OwnerKind.Arena or OwnerKind.HeapOwner or OwnerKind.Pooled };
        if (_scope.AnyOwner(CanBeAssigned) is not { } target)
        {
            return null;
        }

        OwnerVariable? from = _scope.AnyOwner(other => other != target && other.Kind == target.Kind);
        Source source = (_random.Next(10), from) switch
        {
            ( < 5, null) or ( < 3, _) => new Source.Create(target.Kind, _random.Next(4)),
            ( < 6, { Kind: OwnerKind.Buffer or OwnerKind.HeapOwner }) => new Source.Move(from),
            ( < 8, not null) => new Source.Copy(from),
            _ when target.Kind == OwnerKind.Buffer => new Source.Empty(),
            _ => new Source.Create(target.Kind, _random.Next(4)),
        };
        target.MayBeEmpty |= source is Source.Empty or Source.Copy { From.MayBeEmpty: true } or Source.Move { From.MayBeEmpty: true };
        return new Statement.Assign(target, source);
    }

    private Statement.Act? Act()
    {
        if (_scope.AnyOwner(static _ => true) is not { } on)
        {
            return null;
        }

        Deed deed = Chance(10) ? Deed.Dispose : (Deed)_random.Next((int)Deed.PassGrown + 1);
        bool isPossible = deed switch
        {
            Deed.Grow => on.Kind.CanGrow,
            Deed.Clear => on.Kind is OwnerKind.Buffer,
            Deed.PassIn => on.Kind.IsScoped && on.Kind != OwnerKind.Scope,
            Deed.PassRef or Deed.StoreGrown or Deed.PassGrown =>
                on.Kind.HasMutatingMembers && on is { IsUsing: false, IsParameter: false, MayBeEmpty: false, Guards: 0 },
            Deed.PassByValue => on.Kind.IsScoped && on.Kind is not (OwnerKind.Scope or OwnerKind.Borrow),
            Deed.PassMoved or Deed.ReadInside => on.Kind == OwnerKind.Buffer,
            Deed.EndInside or Deed.RenewInside => on is { Kind: OwnerKind.Buffer, IsUsing: false, IsParameter: false, MayBeEmpty: false, Guards: 0 },
            Deed.Share or Deed.Lend or Deed.Give => on.Kind is OwnerKind.HeapOwner or OwnerKind.HeapList,
            _ => true,
        };
        return isPossible ? new Statement.Act(on, deed) : null;
    }

    private (ViewSource Source, int Depth)? NewView()
    {
        if (_scope.AnyView() is { } view && Chance(35))
        {
            return (new ViewSource.From(view, _random.Next(3)), view.Depth);
        }

        return _scope.AnyOwner(static _ => true) is { } owner
            ? (new ViewSource.Of(owner, _random.Next(3)), owner.Kind.IsScoped ? owner.Depth : 0)
            : null;
    }

    private Statement.DeclareView? DeclareView(int depth)
    {
        if (Chance(5))
        {
            var outer = new ViewVariable($"v{_names++}", isReference: false, depth);
            _scope.Views.Add(outer);
            return new Statement.DeclareView(outer, new ViewSource.Empty());
        }

        if (NewView() is not var (source, viewDepth))
        {
            return null;
        }

        bool isReference = source is ViewSource.From { View.IsReference: true } || Chance(25);
        var target = new ViewVariable($"{(isReference ? 'r' : 's')}{_names++}", isReference, viewDepth);
        _scope.Views.Add(target);
        return new Statement.DeclareView(target, source);
    }

    private Statement.AssignView? AssignView() =>
        _scope.AnyView() is { IsReference: false } target && NewView() is var (source, viewDepth) && viewDepth <= target.Depth
            && source is not ViewSource.From { View.IsReference: true }
            ? new Statement.AssignView(target, source)
            : null;

    private Statement? Compound(int depth)
    {
        // Each branch doubles the runs, and each loop multiplies them by four.
        if (depth > 6 || _branches > 5)
        {
            return null;
        }

        switch (_random.Next(10))
        {
            case < 4:
                _branches++;
                Test test = (Test)_random.Next((int)Test.IsNotDisposed + 1);
                OwnerVariable? asked = test < Test.IsDisposed ? null : _scope.AnyOwner(static variable => variable.Kind.CanBeAsked && !variable.IsParameter);
                return test < Test.IsDisposed || asked is not null ? new Statement.If(test, asked, Chance(50)) : null;
            case 4 or 5:
                _branches += 2;
                return new Statement.While();
            case 6:
                _branches += 2;
                return NewView() is var (source, _) && source is not ViewSource.From { View.IsReference: true } ? new Statement.ForEach(source) : null;
            case 7:
                return NewValue() is var (value, kind, valueDepth) && value is not Source.Empty
                    ? new Statement.UsingNew(Variable(kind, depth + 1, valueDepth, isUsing: true), value)
                    : null;
            case 8 when Chance(40):
                _branches += 2;
                return new Statement.TryCatch();
            case 8:
                return _scope.AnyOwner(static variable => !variable.IsUsing && !variable.IsParameter) is { } old ? new Statement.UsingOld(old) : null;
            default:
                return _scope.AnyOwner(static variable => !variable.IsUsing && !variable.IsParameter) is { } on ? new Statement.TryFinally(on) : null;
        }
    }

    /// <summary>Careful programs dispose their owners.</summary>
    private void Tidy()
    {
        if (_random.NextDouble() < _care)
        {
            new Tidier(_program).Run();
        }

        if (_program.ReturnsBuffer && _program.Body is not [.., Statement.Return or Statement.Throw])
        {
            _program.Body.Add(new Statement.Return(null));
        }
    }

    /// <summary>The variables that a new statement may name.</summary>
    private sealed class Scope(Random random)
    {
        public List<OwnerVariable> Owners { get; } = [];

        public List<ViewVariable> Views { get; } = [];

        public ViewVariable? AnyView() => Views.Count == 0 ? null : Views[random.Next(Views.Count)];

        public OwnerVariable? AnyOwner(Func<OwnerVariable, bool> fits)
        {
            OwnerVariable[] fitting = [.. Owners.Where(fits)];
            return fitting.Length == 0 ? null : fitting[random.Next(fitting.Length)];
        }
    }
}
