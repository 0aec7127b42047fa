namespace NativeBuffers.Tests.Races;

/// <summary>A place where threads exchange rented buffers, and old copies of returned buffers.</summary>
internal sealed class Market
{
    private static readonly int[] s_lengths = [1, 8, 8, 8, 60, 500, 4000, 40_000];

    private readonly PoisoningAllocator? _allocator;
    private readonly MarkedBuffer?[] _rented = new MarkedBuffer?[16];
    private readonly MarkedBuffer?[] _returned = new MarkedBuffer?[64];

    /// <summary>The shared pool, or one of its own whose blocks are poisoned when freed.</summary>
    public Market(bool isPoisoning)
    {
        _allocator = isPoisoning ? new() : null;
        Pool = _allocator is null
            ? NativeMemoryPool<long>.Shared
            : new(new NativePoolOptions { Allocator = _allocator, CachedBytesLimit = 64 * 1024 });
    }

    public NativeMemoryPool<long> Pool { get; }

    /// <summary>Rents one or several buffers, exchanges them for buffers of other threads, and returns those.</summary>
    public void Trade(Random random)
    {
        for (int i = random.Next(8) == 0 ? 30 : 1; i > 0; i--)
        {
            var mine = new MarkedBuffer(Pool, s_lengths[random.Next(random.Next(10) == 0 ? 8 : 5)]);
            if (random.Next(3) == 0)
            {
                Return(mine, random);
            }
            else if (Interlocked.Exchange(ref _rented[random.Next(_rented.Length)], mine) is { } other)
            {
                Return(other, random);
            }
        }

        Volatile.Read(ref _returned[random.Next(_returned.Length)])?.UseAfterReturn();
    }

    /// <summary>Returns all buffers in the market, and asserts that no other buffer is left.</summary>
    public void Close()
    {
        Array.ForEach(_rented, static buffer => buffer?.Buffer.Dispose());

        // A copy keeps the cleaner of its slot alive, and a buffer that was forgotten perhaps has the slot by now.
        Array.Clear(_returned);
        Pool.Dispose();
        _allocator?.AssertAllCameBack();
    }

    private void Return(MarkedBuffer buffer, Random random)
    {
        buffer.Use(random);
        buffer.Buffer.Dispose();
        Volatile.Write(ref _returned[random.Next(_returned.Length)], buffer);
    }
}
