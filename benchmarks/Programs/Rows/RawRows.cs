using System.Runtime.InteropServices;

namespace Programs.Rows;

/// <summary>Rows and names at raw pointers, in blocks of the C library that double.</summary>
internal unsafe struct RawRows : IRows<RawRows>
{
    private Row* _rows;
    private byte* _names;
    private int _count;
    private int _capacity;
    private int _nameBytes;
    private int _nameCapacity;
    private Tally _tally = new();

    public RawRows()
    {
    }

    public static RawRows Create() => new();

    public void Add(scoped ReadOnlySpan<byte> name, int cents, int quantity)
    {
        // SAFETY: each block has room for its capacity, which is at least one element more than it has, until Dispose.
        if (_count == _capacity)
        {
            _capacity = int.Max(1024, _capacity * 2);
            _rows = (Row*)NativeMemory.Realloc(_rows, (nuint)_capacity * (nuint)sizeof(Row));
        }

        if (name.Length > _nameCapacity - _nameBytes)
        {
            _nameCapacity = (_nameCapacity * 2) + name.Length + 4096;
            _names = (byte*)NativeMemory.Realloc(_names, (nuint)_nameCapacity);
        }

        _rows[_count++] = new Row { NameStart = _nameBytes, NameLength = name.Length, Cents = cents, Quantity = quantity };
        name.CopyTo(new Span<byte>(_names + _nameBytes, name.Length));
        _nameBytes += name.Length;
        _tally.Count(cents, quantity);
    }

    public string Answer()
    {
        for (Row* row = _rows; row < _rows + _count; row++)
        {
            if (_tally.IsAbove(row->Cents))
            {
                _tally.Note(new ReadOnlySpan<byte>(_names + row->NameStart, row->NameLength));
            }
        }

        return _tally.ToString();
    }

    public readonly void Dispose()
    {
        NativeMemory.Free(_rows);
        NativeMemory.Free(_names);
    }
}
