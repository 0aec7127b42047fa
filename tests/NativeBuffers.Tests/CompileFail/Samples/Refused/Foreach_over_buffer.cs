static class Sample
{
    static int Leak()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        int sum = 0;
        foreach (int element in buffer) // error CS1579
        {
            sum += element;
        }

        return sum;
    }

    static ref int LeakReference()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        foreach (ref int element in buffer) // error CS1579
        {
            return ref element;
        }

        throw new InvalidOperationException();
    }
}
