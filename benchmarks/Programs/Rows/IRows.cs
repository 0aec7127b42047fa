namespace Programs.Rows;

/// <summary>Keeps rows: a name of some bytes, a price and a quantity.</summary>
/// <typeparam name="TSelf">The type itself.</typeparam>
internal interface IRows<TSelf> : IDisposable
    where TSelf : IRows<TSelf>, allows ref struct
{
    /// <summary>No rows.</summary>
    static abstract TSelf Create();

    /// <summary>Adds a row, with a copy of the name.</summary>
    void Add(scoped ReadOnlySpan<byte> name, int cents, int quantity);

    /// <summary>Looks through all rows once more, for those above the mean price.</summary>
    string Answer();
}
