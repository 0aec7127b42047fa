static class Sample
{
    static int Run()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        ref int third = ref buffer[2];
        third = 5;
        ref readonly int last = ref buffer[^1];
        ref int first = ref buffer.GetPinnableReference();
        first++;
        return third + last + first;
    }
}
