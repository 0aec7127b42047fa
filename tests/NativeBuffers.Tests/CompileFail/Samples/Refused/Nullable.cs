static class Sample
{
    static NativeBuffer<int>? Leak() => null; // error CS9244
}
