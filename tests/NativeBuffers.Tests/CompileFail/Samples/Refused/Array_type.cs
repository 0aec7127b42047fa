static class Sample
{
    static NativeBuffer<int>[] Leak() => []; // error CS0611
}
