static class Sample
{
    static void Leak()
    {
        _ = new NativeBuffer<int>[3]; // error CS0611
    }
}
