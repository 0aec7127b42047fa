using System.Buffers;

namespace Programs.Rows;

/// <summary>Rows in a list of structs, names in an array of the shared pool.</summary>
internal struct ListRows : IRows<ListRows>
{
    private readonly List<Row> _rows = [];
    private byte[] _names = ArrayPool<byte>.Shared.Rent(4096);
    private int _nameBytes;
    private Tally _tally = new();

    public ListRows()
    {
    }

    public static ListRows Create() => new();

    public void Add(scoped ReadOnlySpan<byte> name, int cents, int quantity)
    {
        _rows.Add(new Row { NameStart = _nameBytes, NameLength = name.Length, Cents = cents, Quantity = quantity });
        if (name.Length > _names.Length - _nameBytes)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent((_names.Length * 2) + name.Length);
            _names.AsSpan(0, _nameBytes).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_names);
            _names = larger;
        }

        name.CopyTo(_names.AsSpan(_nameBytes));
        _nameBytes += name.Length;
        _tally.Count(cents, quantity);
    }

    public string Answer()
    {
        foreach (Row row in _rows)
        {
            if (_tally.IsAbove(row.Cents))
            {
                _tally.Note(_names.AsSpan(row.NameStart, row.NameLength));
            }
        }

        return _tally.ToString();
    }

    public readonly void Dispose() => ArrayPool<byte>.Shared.Return(_names);
}
