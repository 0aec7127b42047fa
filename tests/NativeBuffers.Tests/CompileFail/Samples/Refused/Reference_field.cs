static class Sample
{
    ref struct Holder
    {
        public ref NativeBuffer<int> Buffer; // error CS9050
    }
}
