using System.Buffers;

namespace NativeBuffers.Tests.Races;

/// <summary>A rented buffer whose elements all hold its own mark until it is returned.</summary>
internal sealed class MarkedBuffer
{
    private readonly long _mark = Mark.Next();

    public MarkedBuffer(NativeMemoryPool<long> pool, int length)
    {
        Buffer = pool.RentBuffer(length);
        Buffer.AsSpan().Fill(_mark);
    }

    public PooledBuffer<long> Buffer { get; }

    /// <summary>Reads the elements by one of the ways there are. The caller knows that the buffer was not returned.</summary>
    public void Use(Random random)
    {
        switch (random.Next(4))
        {
            case 0:
                using (Borrow<long> borrow = Buffer.Borrow())
                {
                    Mark.Use(borrow.Span, _mark, random);
                }

                break;
            case 1:
                using (MemoryHandle handle = Buffer.Memory.Pin())
                {
                    unsafe
                    {
                        Mark.Use(new Span<long>(handle.Pointer, Buffer.Length), _mark, random);
                    }
                }

                break;
            default:
                Mark.Use(Buffer.AsSpan(), _mark, random);
                break;
        }
    }

    public void Verify() => Mark.Verify(Buffer.AsSpan(), _mark);

    /// <summary>Pins; null when the buffer was returned before.</summary>
    public MarkedPin? TryPin(int length)
    {
        try
        {
            return new MarkedPin(Buffer.Memory.Pin(), length, _mark);
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>Tries all ways in. The caller knows that the buffer was returned, so none may lead to any memory.</summary>
    public void UseAfterReturn()
    {
        Assert.True(Buffer.IsDisposed);
        Assert.Equal(0, Buffer.Length);
        AssertDisposed(static buffer => buffer.AsSpan());
        AssertDisposed(static buffer => _ = buffer.Memory);
        AssertDisposed(static buffer => buffer.Borrow().Dispose());
        Buffer.Dispose();
    }

    private void AssertDisposed(Action<PooledBuffer<long>> use)
    {
        try
        {
            use(Buffer);
        }
        catch (ObjectDisposedException)
        {
            return;
        }

        Assert.Fail("A buffer that was returned let somebody in.");
    }
}
