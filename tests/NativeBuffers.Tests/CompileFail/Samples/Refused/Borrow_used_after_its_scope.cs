static class Sample
{
    static int Leak(NativeMemoryOwner<int> owner)
    {
        using (var borrow = owner.Borrow())
        {
            borrow[0] = 1;
        }

        return borrow[0]; // error CS0103
    }

    static int LeakReassigned(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        borrow = owner.Borrow(); // error CS1656
        return borrow[0];
    }
}
