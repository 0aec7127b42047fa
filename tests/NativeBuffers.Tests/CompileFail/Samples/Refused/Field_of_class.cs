static class Sample
{
    sealed class Holder
    {
        public NativeBuffer<int> Buffer; // error CS8345

        public NativeBuffer<int> Property { get; set; } // error CS8345
    }

    static NativeBuffer<int> s_buffer; // error CS8345

    [ThreadStatic]
    static NativeBuffer<int> t_buffer; // error CS8345
}
