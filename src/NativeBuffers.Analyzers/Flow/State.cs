using System;
using System.Collections.Generic;
using System.Collections.Immutable;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>The facts of one path at one place: the values of the variables, and the objects.</summary>
/// <remarks>Equal states merge: a state that was normalized numbers its objects in the order in which variables name them.</remarks>
internal sealed class State : IEquatable<State>
{
    private readonly List<Value?> _values;
    private readonly List<TrackedObject> _objects;
    private readonly List<Value> _held = [];

    private State(List<Value?> values, List<TrackedObject> objects, ImmutableStack<Continuation> continuations)
    {
        _values = values;
        _objects = objects;
        Continuations = continuations;
    }

    /// <summary>Where the path goes after the <c>finally</c> blocks that it is in.</summary>
    public ImmutableStack<Continuation> Continuations { get; set; }

    /// <summary>True if the path took a handler for an exception that some call may throw: its wrong uses are not reported.</summary>
    public bool IsDoubtful { get; set; }

    /// <summary>True if an exception that some call may throw leaves the method: owners that it loses are not reported.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>True if the last call never returns, or if the path cannot be: an assertion excludes it.</summary>
    public PathEnd Ends { get; set; }

    /// <summary>The objects, by number.</summary>
    public IReadOnlyList<TrackedObject> Objects => _objects;

    /// <summary>The number of variables that may have values.</summary>
    public int VariableCount => _values.Count;

    /// <summary>The state at the beginning of a method.</summary>
    public static State Empty() => new([], [], ImmutableStack<Continuation>.Empty);

    /// <summary>A copy that changes on its own.</summary>
    public State Clone() => new([.. _values], [.. _objects], Continuations) { IsDoubtful = IsDoubtful, IsLeaving = IsLeaving };

    /// <summary>The value of a variable.</summary>
    public Value this[int variable]
    {
        get => variable >= 0 && variable < _values.Count ? _values[variable] ?? Value.Unknown : Value.Unknown;
        set
        {
            while (_values.Count <= variable)
            {
                _values.Add(null);
            }

            _values[variable] = value.IsUnknown ? null : value;
        }
    }

    /// <summary>Adds an object, and returns its number.</summary>
    public int Add(TrackedObject added)
    {
        _objects.Add(added);
        return _objects.Count - 1;
    }

    /// <summary>Changes the facts of an object.</summary>
    public void Update(int number, TrackedObject changed) => _objects[number] = changed;

    /// <summary>Notes that an object is there: a member of it was called, or a test against null failed.</summary>
    public void IsThere(int number)
    {
        if (_objects[number].MayBeNull)
        {
            _objects[number] = _objects[number] with { MayBeNull = false };
        }
    }

    /// <summary>Notes that an object is not there: all its variables are null.</summary>
    public void IsNotThere(int number)
    {
        for (int i = 0; i < _values.Count; i++)
        {
            if (_values[i] is { } value && value.Object == number)
            {
                _values[i] = Value.Null;
            }
        }
    }

    /// <summary>Notes that other code ran for a while: an owner that was not disposed may be disposed now.</summary>
    public void ForgetAnswers()
    {
        for (int i = 0; i < _objects.Count; i++)
        {
            if (_objects[i].IsKnownDisposed == false)
            {
                _objects[i] = _objects[i] with { IsKnownDisposed = null };
            }
        }
    }

    /// <summary>Forgets the debts of owners on the heap that an operation gave to a call. If the call throws, it may have taken them before.</summary>
    /// <param name="after">The state after the operation, which began in this state.</param>
    public void GiveAs(State after)
    {
        for (int i = 0; i < _objects.Count; i++)
        {
            TrackedObject given = after._objects[i];
            if (_objects[i].IsOwed && !given.IsOwed && !Owners.IsScoped(given.Kind) && (given.HasEscaped || given.End is EndKind.Given or EndKind.Disposed))
            {
                _objects[i] = _objects[i] with { IsOwed = false, HasEscaped = true };
            }
        }
    }

    /// <summary>The number of values that wait.</summary>
    public int HeldCount => _held.Count;

    /// <summary>Keeps a value that waits for the rest of its operation: an argument, while the next one runs. Its loans may end in between.</summary>
    public void Hold(Value value) => _held.Add(value);

    /// <summary>Gives back the values that were held since there were <paramref name="count"/> of them.</summary>
    public List<Value> Release(int count)
    {
        List<Value> released = _held.GetRange(count, _held.Count - count);
        _held.RemoveRange(count, released.Count);
        return released;
    }

    /// <summary>Ends the loans of an object that a test selects, wherever they are held.</summary>
    public void EndLoans(Func<Loan, bool> ends, Func<Loan, Loan> ended)
    {
        for (int i = 0; i < _values.Count; i++)
        {
            if (_values[i] is { Loans.IsEmpty: false } value && Change(value.Loans, ends, ended) is { } changed)
            {
                _values[i] = value.With(value.Object, changed);
            }
        }

        for (int i = 0; i < _held.Count; i++)
        {
            if (Change(_held[i].Loans, ends, ended) is { } changed)
            {
                _held[i] = _held[i].With(_held[i].Object, changed);
            }
        }

        for (int i = 0; i < _objects.Count; i++)
        {
            if (Change(_objects[i].Loans, ends, ended) is { } changed)
            {
                _objects[i] = _objects[i] with { Loans = changed };
            }
        }
    }

    /// <summary>Forgets a loan of a task, in all variables that hold the task: the task is over, or other code waits for it.</summary>
    public void ForgetPending(Loan over)
    {
        for (int i = 0; i < _values.Count; i++)
        {
            if (_values[i] is { Loans.IsEmpty: false } value)
            {
                ImmutableArray<Loan> rest = value.Loans.RemoveAll(loan => loan.IsPending && loan.Object == over.Object && loan.Taken == over.Taken);
                if (rest.Length < value.Loans.Length)
                {
                    this[i] = value.With(value.Object, rest);
                }
            }
        }
    }

    /// <summary>Forgets objects that no variable names, numbers the rest again, and returns the forgotten ones.</summary>
    public IReadOnlyList<TrackedObject> Normalize()
    {
        if (_objects.Count == 0)
        {
            return [];
        }

        int[] numbers = new int[_objects.Count];
        List<int> order = [];
        foreach (Value? value in _values)
        {
            if (value is not null)
            {
                Name(value.Object, numbers, order);
                foreach (Loan loan in value.Loans)
                {
                    Name(loan.Object, numbers, order);
                }
            }
        }

        List<TrackedObject> forgotten = [];
        for (int i = 0; i < _objects.Count; i++)
        {
            if (_objects[i].Parameter >= 0)
            {
                // The caller of the method has a name for it.
                Name(i, numbers, order);
            }
        }

        for (int i = 0; i < _objects.Count; i++)
        {
            if (numbers[i] == 0)
            {
                forgotten.Add(_objects[i]);
            }
        }

        if (forgotten.Count == 0 && IsInOrder(order))
        {
            return forgotten;
        }

        List<TrackedObject> kept = [];
        foreach (int old in order)
        {
            kept.Add(_objects[old] is { Loans.IsEmpty: true } free ? free : _objects[old] with { Loans = Renumber(_objects[old].Loans, numbers) });
        }

        _objects.Clear();
        _objects.AddRange(kept);
        for (int i = 0; i < _values.Count; i++)
        {
            if (_values[i] is { } value && (value.Object >= 0 || !value.Loans.IsEmpty))
            {
                _values[i] = value.With(value.Object < 0 ? -1 : numbers[value.Object] - 1, Renumber(value.Loans, numbers));
            }
        }

        return forgotten;
    }

    /// <inheritdoc/>
    public bool Equals(State? other)
    {
        if (other is null || _objects.Count != other._objects.Count || IsDoubtful != other.IsDoubtful || IsLeaving != other.IsLeaving)
        {
            return false;
        }

        for (int i = 0; i < Math.Max(_values.Count, other._values.Count); i++)
        {
            if (!this[i].Same(other[i]))
            {
                return false;
            }
        }

        for (int i = 0; i < _objects.Count; i++)
        {
            if (!_objects[i].Equals(other._objects[i]))
            {
                return false;
            }
        }

        return Same(Continuations, other.Continuations);
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as State);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        int hash = _objects.Count;
        for (int i = 0; i < _values.Count; i++)
        {
            if (_values[i] is { } value)
            {
                hash = (hash * 31) + (i * 7) + value.Hash();
            }
        }

        foreach (TrackedObject tracked in _objects)
        {
            hash = (hash * 31) + tracked.GetHashCode();
        }

        return hash;
    }

    private static bool Same(ImmutableStack<Continuation> one, ImmutableStack<Continuation> two)
    {
        while (!one.IsEmpty && !two.IsEmpty)
        {
            if (!Equals(one.Peek(), two.Peek()))
            {
                return false;
            }

            one = one.Pop();
            two = two.Pop();
        }

        return one.IsEmpty && two.IsEmpty;
    }

    private static bool IsInOrder(List<int> order)
    {
        for (int i = 0; i < order.Count; i++)
        {
            if (order[i] != i)
            {
                return false;
            }
        }

        return true;
    }

    private void Name(int number, int[] numbers, List<int> order)
    {
        if (number >= 0 && numbers[number] == 0)
        {
            order.Add(number);
            numbers[number] = order.Count;
            foreach (Loan loan in _objects[number].Loans)
            {
                Name(loan.Object, numbers, order);
            }
        }
    }

    private static ImmutableArray<Loan> Renumber(ImmutableArray<Loan> loans, int[] numbers)
    {
        if (loans.IsEmpty)
        {
            return loans;
        }

        ImmutableArray<Loan>.Builder renumbered = ImmutableArray.CreateBuilder<Loan>(loans.Length);
        foreach (Loan loan in loans)
        {
            renumbered.Add(loan with { Object = numbers[loan.Object] - 1 });
        }

        return renumbered.MoveToImmutable();
    }

    private static ImmutableArray<Loan>? Change(ImmutableArray<Loan> loans, Func<Loan, bool> ends, Func<Loan, Loan> ended)
    {
        ImmutableArray<Loan>.Builder? changed = null;
        for (int i = 0; i < loans.Length; i++)
        {
            if (ends(loans[i]))
            {
                changed ??= loans.ToBuilder();
                changed[i] = ended(loans[i]);
            }
        }

        return changed?.ToImmutable();
    }
}
