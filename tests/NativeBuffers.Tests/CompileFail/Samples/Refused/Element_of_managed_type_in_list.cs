static class Sample
{
    static NativeList<string>? s_list; // error CS8377

    static void Run()
    {
        using var list = new ScratchList<object>(default); // error CS8377
    }
}
