static class Sample
{
    static List<NativeBuffer<int>> LeakToList() => []; // error CS9244

    static Task<NativeBuffer<int>>? LeakToTask() => null; // error CS9244
}
