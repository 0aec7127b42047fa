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
    private readonly Captured _captured;
    private readonly HashSet<int> _pinned = [];
    private readonly HashSet<int> _shared = [];
    private readonly Dictionary<int, List<int>> _fields = [];
    private readonly IMethodSymbol? _method;

    private readonly Holders _holders;

    public Variables(IMethodSymbol? method, Captured captured, Holders holders)
    {
        _method = method;
        _captured = captured;
        _holders = holders;
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
        if (_captured.Hides(symbol, _method))
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

    /// <summary>The number of a field or property that the body follows; otherwise -1.</summary>
    public int Of(IOperation reference) => reference switch
    {
        IFieldReferenceOperation field => Of(field),
        IPropertyReferenceOperation { Instance: ILocalReferenceOperation { Local: var holder }, Property: var property } => OfPart(holder, property),
        _ => -1,
    };

    /// <summary>True for a local whose parts are followed.</summary>
    public bool IsHolder(ILocalSymbol local) => _holders.Contains(local);

    /// <summary>The numbers of all parts of a local object.</summary>
    public IEnumerable<int> PartsOf(ILocalSymbol holder)
    {
        for (int part = 0; part < Holders.CountOf(holder.Type); part++)
        {
            yield return OfPart(holder, part);
        }
    }

    /// <summary>The number of a part of a local object; -1 if the parts of the local are not followed.</summary>
    public int OfPart(ILocalSymbol local, int part)
    {
        if (!_holders.Contains(local))
        {
            return -1;
        }

        int number = Number((local, part), null);
        AddField(Number(local, local), number);
        return number;
    }

    /// <summary>The lent variables that a function uses, or a variable with a function.</summary>
    public IEnumerable<int> LentTo(ISymbol function)
    {
        foreach (ISymbol lent in _captured.LentTo(function))
        {
            if (Of(lent) is >= 0 and var variable)
            {
                yield return variable;
            }
        }
    }

    /// <summary>The number of a field of <c>this</c>, or of a local struct; otherwise -1.</summary>
    public int Of(IFieldReferenceOperation reference)
    {
        switch (reference.Instance)
        {
            case ILocalReferenceOperation { Local: var holder } when _holders.Contains(holder):
                return OfPart(holder, reference.Field);
            case IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.ContainingTypeInstance }:
                return Pin(Number(reference.Field, reference.Field));
            case ILocalReferenceOperation { Local: { Type.IsValueType: true, RefKind: RefKind.None } local } when !_captured.Hides(local, _method):
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
        AddField(Number(local, local), number);
        return number;
    }

    private int OfPart(ILocalSymbol local, ISymbol member) =>
        _holders.Contains(local) && Holders.OrdinalOf(member) is >= 0 and var part ? OfPart(local, part) : -1;

    private void AddField(int whole, int number)
    {
        if (!_fields.TryGetValue(whole, out List<int>? fields))
        {
            _fields.Add(whole, fields = []);
        }

        if (!fields.Contains(number))
        {
            fields.Add(number);
        }
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
