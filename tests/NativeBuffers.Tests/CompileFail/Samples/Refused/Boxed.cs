static class Sample
{
    static object Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return buffer; // error CS0029
    }

    static IDisposable LeakToInterface()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        return buffer; // error CS0029
    }

    static void LeakToDynamic()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        dynamic anything = buffer; // error CS0029
        anything.Dispose();
    }
}
