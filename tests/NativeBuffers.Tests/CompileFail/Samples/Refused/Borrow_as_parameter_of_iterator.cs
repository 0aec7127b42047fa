static class Sample
{
    static IEnumerable<int> Leak(Borrow<int> borrow)
    {
        yield return borrow[0]; // error CS4007
    }
}
