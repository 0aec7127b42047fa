static class Sample
{
    static ref int First(ref Borrow<int> borrow) => ref borrow[0];

    static int Run(NativeMemoryOwner<int> owner)
    {
        using var borrow = owner.Borrow();
        ref int third = ref borrow[2];
        third = 5;
        ref readonly int last = ref borrow[^1];
        ref int far = ref borrow[3L];
        far++;
        Span<int> span = borrow;
        ReadOnlySpan<int> toRead = borrow;
        scoped Span<int> part = borrow.AsSpan(1, 2);
        part = part[1..];
        Borrow<int> other = owner.Borrow();
        First(ref other)++;
        other.Dispose();
        return third + last + far + span[0] + toRead[0] + part[0];
    }
}
