using System.Buffers;
using System.Runtime.CompilerServices;

namespace NativeBuffers.ApiCheck;

/// <summary>Owners on the managed heap, their borrows and pins, and rented buffers; on one thread and on several.</summary>
internal static class OwnerChecks
{
    public static (string Name, Action Run)[] All =>
    [
        ("an owner has its elements, and resizes", Elements),
        ("memory stays while it is borrowed", DisposedInBorrow),
        ("memory stays while it is pinned or retained", DisposedInPin),
        ("a use excludes a resize", UseExcludesResize),
        ("a buffer becomes an owner", BufferToOwner),
        ("many threads borrow while one disposes", BorrowRace),
        ("blocks go from thread to thread", Handover),
        ("a forgotten owner is freed by its finalizer", Forgotten),
        ("a rented buffer, and its stale copy", Rented),
        ("a pool of its own", OwnPool),
        ("many threads rent and return", RentRace),
    ];

    private static void Elements()
    {
        using var owner = NativeMemoryOwner<double>.CreateFrom([1, 2, 3]);
        owner.Resize(100_000);
        Check.That(owner.Length == 100_000 && owner.Memory.Span[2] == 3 && owner.Slice(99_999, 1).Span[0] == 0);
        using NativeMemoryOwner<double> moved = owner.Move();
        Check.That(owner.IsDisposed && moved.Memory.Span[1] == 2);
        Check.Throws<ObjectDisposedException>(() => owner.Resize(1));
    }

    private static void DisposedInBorrow()
    {
        var owner = NativeMemoryOwner<int>.CreateFrom([1, 2, 3]);
        using (Borrow<int> borrow = owner.Borrow())
        {
            owner.Dispose();
            Check.That(owner.IsDisposed && borrow[2] == 3 && borrow.Span.Length == 3);
        }

        Check.Throws<ObjectDisposedException>(() => owner.Borrow().Dispose());
    }

    private static void DisposedInPin()
    {
        var owner = NativeMemoryOwner<int>.CreateFrom([1, 2, 3]);
        using (MemoryHandle pin = owner.Memory.Pin())
        using (IMemoryOwner<int> retained = owner.Retain())
        {
            owner.Dispose();
            Check.That(retained.Memory.Span[2] == 3);
            unsafe
            {
                Check.That(((int*)pin.Pointer)[1] == 2);
            }
        }
    }

    private static void UseExcludesResize()
    {
        using var owner = NativeMemoryOwner<int>.Create(10);
        using (owner.Borrow())
        {
            Check.Throws<InvalidOperationException>(() => owner.Resize(20));
        }

        owner.Resize(20);
    }

    private static void BufferToOwner()
    {
        using var buffer = NativeBuffer.CreateFrom<int>([1, 2, 3]);
        using NativeMemoryOwner<int> owner = buffer.ToOwner();
        Check.That(buffer.IsEmpty && owner.Memory.Span[2] == 3);
    }

    private static void BorrowRace()
    {
        for (int round = 0; round < 20; round++)
        {
            var owner = NativeMemoryOwner<long>.Create(100);
            owner.Memory.Span.Fill(round);
            Thread[] threads = [.. Enumerable.Range(0, 4).Select(_ => new Thread(Read))];
            Array.ForEach(threads, static thread => thread.Start());
            Thread.Yield();
            owner.Dispose();
            Array.ForEach(threads, static thread => thread.Join());

            void Read()
            {
                try
                {
                    while (true)
                    {
                        using Borrow<long> borrow = owner.Borrow();
                        Check.That(!borrow.Span.ContainsAnyExcept(round));
                    }
                }
                catch (ObjectDisposedException)
                {
                    // The end of the race.
                }
            }
        }
    }

    private static void Handover()
    {
        const int Count = 20_000;
        using var queue = new System.Collections.Concurrent.BlockingCollection<NativeMemoryOwner<int>>(boundedCapacity: 100);
        long sum = 0;
        var other = new Thread(() =>
        {
            foreach (NativeMemoryOwner<int> owner in queue.GetConsumingEnumerable())
            {
                using (owner)
                {
                    sum += owner.Memory.Span[0];
                }
            }
        });
        other.Start();
        for (int i = 0; i < Count; i++)
        {
            queue.Add(NativeMemoryOwner<int>.CreateFrom([i]));
        }

        queue.CompleteAdding();
        other.Join();
        Check.That(sum == (long)Count * (Count - 1) / 2);
    }

    private static void Forgotten()
    {
        long before = NativeMemoryTracker.AbandonedCount;
        Forget();
        for (int i = 0; i < 20 && NativeMemoryTracker.AbandonedCount == before; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Check.That(NativeMemoryTracker.AbandonedCount > before);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget() => GC.KeepAlive(NativeMemoryOwner<int>.Create(10));
    }

    private static void Rented()
    {
        PooledBuffer<byte> buffer = NativeMemoryPool<byte>.Shared.RentBuffer(1000);
        PooledBuffer<byte> copy = buffer;
        Check.That(buffer.Length == 1000);
        buffer.Dispose();
        copy.Dispose();
        Check.That(copy.IsDisposed);
        Check.Throws<ObjectDisposedException>(() => copy.AsSpan());
    }

    private static void OwnPool()
    {
        using var pool = new NativeMemoryPool<long>(new NativePoolOptions { CachedBytesLimit = 1 << 20 });
        using (PooledBuffer<long> buffer = pool.RentBuffer(100))
        {
            buffer.AsSpan().Fill(1);
        }

        Check.That(pool.CachedBytes > 0);
        pool.Trim();
        using IMemoryOwner<long> rented = pool.Rent(10);
        Check.That(rented.Memory.Length >= 10);
    }

    private static void RentRace() =>
        Parallel.For(0, 4, static worker =>
        {
            for (int i = 0; i < 5_000; i++)
            {
                using PooledBuffer<int> buffer = NativeMemoryPool<int>.Shared.RentBuffer((i % 300) + 1);
                buffer.AsSpan().Fill(worker);
                Check.That(!buffer.AsSpan().ContainsAnyExcept(worker));
            }
        });
}
