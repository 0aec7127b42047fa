static class Sample
{
    sealed class Holder
    {
        public Borrow<int> Borrow; // error CS8345

        public Borrow<int> Property { get; set; } // error CS8345
    }

    struct Record
    {
        public Borrow<int> Borrow; // error CS8345
    }

    static Borrow<int> s_borrow; // error CS8345

    [ThreadStatic]
    static Borrow<int> t_borrow; // error CS8345
}
