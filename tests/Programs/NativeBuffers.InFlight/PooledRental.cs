using System.Buffers;

namespace NativeBuffers.InFlight;

/// <summary>A rented buffer, whose block the pool gives to its next renter.</summary>
internal sealed class PooledRental : Rental
{
    private readonly NativeMemoryPool<byte> _pool;
    private readonly PooledBuffer<byte> _buffer;
    private readonly List<PooledBuffer<byte>> _others = [];

    public PooledRental()
    {
        _pool = new NativeMemoryPool<byte>(new NativePoolOptions { Allocator = Allocator });
        _buffer = _pool.RentBuffer(Length);
    }

    public override Memory<byte> Memory => _buffer.Memory;

    public override bool IsGivenBack => _pool.CachedBytes > 0;

    public override bool AreOthersUntouched =>
        base.AreOthersUntouched && _others.TrueForAll(other => other.AsSpan().IndexOfAnyExcept((byte)0xEE) < 0);

    public override IMemoryOwner<byte> Retain() => _buffer.Retain();

    public override void GiveBack() => _buffer.Dispose();

    public override void LetOthersIn()
    {
        for (int i = 0; i < 10; i++)
        {
            PooledBuffer<byte> other = _pool.RentBuffer(Length);
            other.AsSpan().Fill(0xEE);
            _others.Add(other);
        }
    }
}
