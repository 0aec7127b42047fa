static class Sample
{
    static int Leak(int[] array)
    {
        ref int outer = ref array[0];
        {
            using var buffer = NativeBuffer.Create<int>(3);
            outer = ref buffer[0]; // error CS8374
        }

        return outer;
    }
}
