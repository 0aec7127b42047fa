static class Sample
{
    static int Run()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        foreach (ref int element in buffer.AsSpan())
        {
            element = 3;
        }

        int sum = 0;
        foreach (int element in buffer.AsSpan())
        {
            sum += element;
        }

        foreach (int element in buffer)
        {
            sum += element;
        }

        foreach (int element in buffer[1..])
        {
            sum += element;
        }

        for (int i = 0; i < buffer.Length; i++)
        {
            sum += buffer[i];
        }

        return sum;
    }
}
