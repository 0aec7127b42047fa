using NativeBuffers;

namespace Programs.Rows;

/// <summary>Rows and names in scratch lists, outside the managed heap.</summary>
internal ref struct SafeRows : IRows<SafeRows>
{
    private ScratchList<Row> _rows;
    private ScratchList<byte> _names;
    private Tally _tally = new();

    public SafeRows()
    {
        _rows = new ScratchList<Row>(default);
        _names = new ScratchList<byte>(default);
    }

    public static SafeRows Create() => new();

    public void Add(scoped ReadOnlySpan<byte> name, int cents, int quantity)
    {
        _rows.Add(new Row { NameStart = _names.Count, NameLength = name.Length, Cents = cents, Quantity = quantity });
        _names.AddRange(name);
        _tally.Count(cents, quantity);
    }

    public string Answer()
    {
        ReadOnlySpan<byte> names = _names.AsSpan();
        foreach (ref readonly Row row in _rows.AsSpan())
        {
            if (_tally.IsAbove(row.Cents))
            {
                _tally.Note(names.Slice(row.NameStart, row.NameLength));
            }
        }

        return _tally.ToString();
    }

    public void Dispose()
    {
        _rows.Dispose();
        _names.Dispose();
    }
}
