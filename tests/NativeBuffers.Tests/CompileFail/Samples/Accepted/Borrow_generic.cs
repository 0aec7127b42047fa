static class Sample
{
    static T First<T>(NativeMemoryOwner<T> owner)
        where T : unmanaged
    {
        using var borrow = owner.Borrow();
        return borrow[0];
    }

    static T Last<T>(PooledBuffer<T> buffer)
        where T : unmanaged
    {
        using var borrow = buffer.Borrow();
        return borrow[^1];
    }

    static void DisposeOf<T>(T value)
        where T : IDisposable, allows ref struct => value.Dispose();

    static (int, Guid, byte) Run()
    {
        using var numbers = NativeMemoryOwner<int>.Create(3);
        using var ids = NativeMemoryOwner<Guid>.CreateUninitialized(3);
        using PooledBuffer<byte> bytes = NativeMemoryPool<byte>.Shared.RentBuffer(3);
        DisposeOf(numbers.Borrow());
        return (First(numbers), First(ids), Last(bytes));
    }
}
