using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>The content of an expression or a variable on one path. Immutable.</summary>
internal sealed class Value
{
    /// <summary>Nothing that the analysis knows.</summary>
    public static readonly Value Unknown = new();

    /// <summary>Null, or an empty owner.</summary>
    public static readonly Value Null = new() { IsNull = true };

    /// <summary>The constant true.</summary>
    public static readonly Value True = new() { Bool = true };

    /// <summary>The constant false.</summary>
    public static readonly Value False = new() { Bool = false };

    private Value()
    {
    }

    /// <summary>True for null and for empty owners.</summary>
    public bool IsNull { get; private init; }

    /// <summary>The truth of a condition, if it is known.</summary>
    public bool? Bool { get; private init; }

    /// <summary>The number of the object; -1 if the value is none.</summary>
    public int Object { get; private init; } = -1;

    /// <summary>The loans of a view.</summary>
    public ImmutableArray<Loan> Loans { get; private init; } = [];

    /// <summary>The variable that was read, or to which a reference leads; -1 if the value is a result.</summary>
    public int Variable { get; private init; } = -1;

    /// <summary>The expression that named a place, if the value was read from one.</summary>
    public SyntaxNode? Place { get; private init; }

    /// <summary>True if the value is a reference to <see cref="Variable"/>, and not its content.</summary>
    public bool IsReference { get; private init; }

    /// <summary>True if something is known of the content.</summary>
    public bool HasContent => IsNull || Bool is not null || Object >= 0 || !Loans.IsEmpty || IsReference;

    /// <summary>True if nothing is known, neither of the content nor of its place.</summary>
    public bool IsUnknown => !HasContent && Place is null;

    /// <summary>A known condition.</summary>
    public static Value Of(bool condition) => condition ? True : False;

    /// <summary>The value of a literal, of <c>default</c>, or of another constant.</summary>
    public static Value OfConstant(IOperation operation) => operation switch
    {
        IDefaultValueOperation { Type: { IsReferenceType: true } or { IsRefLikeType: true } } => Null,
        IDefaultValueOperation { Type.SpecialType: SpecialType.System_Boolean } => False,
        IDefaultValueOperation => Null,
        { ConstantValue: { HasValue: true, Value: null } } => Null,
        { ConstantValue: { HasValue: true, Value: bool known } } => Of(known),
        _ => Unknown,
    };

    /// <summary>The object with this number.</summary>
    public static Value OfObject(int number) => new() { Object = number };

    /// <summary>A view with these loans; unknown without any.</summary>
    public static Value OfLoans(IEnumerable<Loan> loans)
    {
        ImmutableArray<Loan> all = [.. loans.Distinct()];
        return all.IsEmpty ? Unknown : new Value { Loans = all };
    }

    /// <summary>A reference to a variable.</summary>
    public static Value ReferenceTo(int variable) => new() { Variable = variable, IsReference = true };

    /// <summary>The same value, read from a place.</summary>
    public Value At(int variable, SyntaxNode place) => new()
    {
        IsNull = IsNull,
        Bool = Bool,
        Object = Object,
        Loans = Loans,
        Variable = variable,
        Place = place,
        IsReference = IsReference,
    };

    /// <summary>The same value as a result, which comes from no place.</summary>
    public Value Content() => Place is null && (Variable < 0 || IsReference)
        ? this
        : new Value { IsNull = IsNull, Bool = Bool, Object = Object, Loans = Loans, Variable = IsReference ? Variable : -1, IsReference = IsReference };

    /// <summary>The same value with other numbers of objects, and other loans.</summary>
    public Value With(int number, ImmutableArray<Loan> loans) => new()
    {
        IsNull = IsNull,
        Bool = Bool,
        Object = number,
        Loans = loans,
        Variable = Variable,
        Place = Place,
        IsReference = IsReference,
    };

    /// <summary>True if both mean the same.</summary>
    public bool Same(Value other) =>
        ReferenceEquals(this, other)
            || (IsNull == other.IsNull && Bool == other.Bool && Object == other.Object && Variable == other.Variable && Place == other.Place
                && IsReference == other.IsReference && Loans.SequenceEqual(other.Loans));

    /// <summary>A hash of <see cref="Same"/>.</summary>
    public int Hash()
    {
        int hash = (Object * 31) + (IsNull ? 1 : 0) + (Bool is { } known ? known ? 2 : 4 : 0) + (Variable * 17);
        foreach (Loan loan in Loans)
        {
            hash = (hash * 31) + loan.GetHashCode();
        }

        return hash;
    }
}
