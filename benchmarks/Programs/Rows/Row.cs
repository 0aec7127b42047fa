namespace Programs.Rows;

/// <summary>A row without its name, which is among the bytes of all names.</summary>
internal struct Row
{
    public int NameStart;
    public int NameLength;
    public int Cents;
    public int Quantity;
}
