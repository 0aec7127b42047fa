using System;
using System.Collections.Generic;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>A set of the numbers of variables: one bit each.</summary>
internal sealed class VariableSet
{
    private ulong[] _words = [];

    /// <summary>Adds a number; nothing for -1, a variable that is not followed.</summary>
    public void Add(int variable)
    {
        if (variable < 0)
        {
            return;
        }

        Reach((variable >> 6) + 1);
        _words[variable >> 6] |= 1UL << (variable & 63);
    }

    /// <summary>Adds numbers.</summary>
    public void AddAll(IEnumerable<int> variables)
    {
        foreach (int variable in variables)
        {
            Add(variable);
        }
    }

    /// <summary>True if a number is in the set.</summary>
    public bool Contains(int variable) => variable >> 6 < _words.Length && (_words[variable >> 6] & (1UL << (variable & 63))) != 0;

    /// <summary>Adds all numbers of another set; true if one of them was not in this set.</summary>
    public bool UnionWith(VariableSet other)
    {
        Reach(other._words.Length);
        bool grew = false;
        for (int i = 0; i < other._words.Length; i++)
        {
            ulong all = _words[i] | other._words[i];
            grew |= all != _words[i];
            _words[i] = all;
        }

        return grew;
    }

    /// <summary>Removes all numbers of another set.</summary>
    public void ExceptWith(VariableSet other)
    {
        for (int i = Math.Min(_words.Length, other._words.Length) - 1; i >= 0; i--)
        {
            _words[i] &= ~other._words[i];
        }
    }

    /// <summary>Makes this set equal to another one.</summary>
    public void CopyFrom(VariableSet other)
    {
        Reach(other._words.Length);
        Array.Clear(_words, 0, _words.Length);
        UnionWith(other);
    }

    private void Reach(int words)
    {
        if (words > _words.Length)
        {
            Array.Resize(ref _words, words);
        }
    }
}
