static class Sample
{
    struct Holder
    {
        public NativeBuffer<int> Buffer; // error CS8345
    }

    record struct Record(NativeBuffer<int> Buffer); // error CS8345
}
