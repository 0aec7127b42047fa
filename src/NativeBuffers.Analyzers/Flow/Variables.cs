using System.Collections.Generic;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Numbers the variables of a body: locals, parameters, fields of <c>this</c>, values that the compiler keeps, and conditions.</summary>
internal sealed class Variables
{
    private readonly Dictionary<object, int> _numbers = [];
    private readonly List<ISymbol?> _symbols = [];
    private readonly HashSet<ISymbol> _captured;
    private readonly HashSet<int> _pinned = [];
    private readonly HashSet<int> _shared = [];
    private readonly Dictionary<int, List<int>> _fields = [];
    private readonly IMethodSymbol? _method;

    public Variables(IMethodSymbol? method, HashSet<ISymbol> captured)
    {
        _method = method;
        _captured = captured;
        Returned = Number("return", null);
    }

    /// <summary>The pseudo variable that holds the result of the method.</summary>
    public int Returned { get; }

    /// <summary>The number of variables so far.</summary>
    public int Count => _symbols.Count;

    /// <summary>Variables that are always in use: other code sees them.</summary>
    public bool IsPinned(int variable) => _pinned.Contains(variable);

    /// <summary>True for fields, which calls may change.</summary>
    public bool IsField(int variable) => _shared.Contains(variable);

    /// <summary>The local, parameter or field.</summary>
    public ISymbol? SymbolOf(int variable) => variable >= 0 ? _symbols[variable] : null;

    /// <summary>The number of a local or parameter; -1 if lambdas share it.</summary>
    public int Of(ISymbol symbol)
    {
        if (_captured.Contains(symbol))
        {
            return -1;
        }

        int number = Number(symbol, symbol);

        // A member that names a parameter of the primary constructor names a field.
        bool isField = symbol is IParameterSymbol { ContainingSymbol: IMethodSymbol { MethodKind: MethodKind.Constructor } constructor }
            && !SymbolEqualityComparer.Default.Equals(constructor, _method);
        return isField ? Pin(number) : number;
    }

    /// <summary>The number of a value that the compiler keeps.</summary>
    public int Of(CaptureId capture) => Number(capture, null);

    /// <summary>The number of a condition.</summary>
    public int OfCondition(string text) => Number(text, null);

    /// <summary>The number of a field of <c>this</c>, or of a local struct; otherwise -1.</summary>
    public int Of(IFieldReferenceOperation reference)
    {
        switch (reference.Instance)
        {
            case IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.ContainingTypeInstance }:
                return Pin(Number(reference.Field, reference.Field));
            case ILocalReferenceOperation { Local: { Type.IsValueType: true, RefKind: RefKind.None } local } when !_captured.Contains(local):
                return OfField(local, reference.Field);
            default:
                return -1;
        }
    }

    /// <summary>The fields of a local struct that the body names.</summary>
    public IReadOnlyList<int> FieldsOf(int variable) => _fields.TryGetValue(variable, out List<int>? fields) ? fields : [];

    /// <summary>Marks a variable as always in use.</summary>
    public void PinVariable(int variable) => _pinned.Add(variable);

    private int OfField(ILocalSymbol local, IFieldSymbol field)
    {
        int number = Pin(Number((local, field), field));
        int whole = Number(local, local);
        if (!_fields.TryGetValue(whole, out List<int>? fields))
        {
            _fields.Add(whole, fields = []);
        }

        if (!fields.Contains(number))
        {
            fields.Add(number);
        }

        return number;
    }

    private int Pin(int variable)
    {
        _pinned.Add(variable);
        _shared.Add(variable);
        return variable;
    }

    private int Number(object key, ISymbol? symbol)
    {
        if (!_numbers.TryGetValue(key, out int number))
        {
            number = _symbols.Count;
            _numbers.Add(key, number);
            _symbols.Add(symbol);
        }

        return number;
    }
}
