static class Sample
{
    static ref int LeakTernary(bool own, int[] array)
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return ref own ? ref buffer[0] : ref array[0]; // error CS8168
    }

    static Span<int> LeakSwitch(int kind)
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return kind switch
        {
            0 => default,
            _ => buffer.AsSpan(), // error CS8168
        };
    }

    static Span<int> LeakPattern()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return buffer.AsSpan() is { Length: 3 } all ? all : default; // error CS8352
    }
}
