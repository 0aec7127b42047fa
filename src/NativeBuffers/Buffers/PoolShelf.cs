using NativeBuffers.Primitives;

namespace NativeBuffers.Buffers;

/// <summary>The free blocks of one size that a pool of one's own keeps.</summary>
internal sealed class PoolShelf
{
    private readonly UninterruptedLock _gate = new();
    private nint[] _blocks = [];
    private int _count;
    private int _fewest;

    /// <summary>The block that came last; 0 when there is none.</summary>
    public nint TryTake()
    {
        // Most looks at another processor's shelf find nothing: look before locking.
        if (Volatile.Read(ref _count) == 0)
        {
            return 0;
        }

        using (_gate.Enter())
        {
            if (_count == 0)
            {
                return 0;
            }

            nint block = _blocks[--_count];
            _fewest = int.Min(_fewest, _count);
            return block;
        }
    }

    /// <summary>Keeps a block; false when there is no memory to note it in.</summary>
    public bool TryGive(nint block)
    {
        using (_gate.Enter())
        {
            if (_count == _blocks.Length)
            {
                try
                {
                    Array.Resize(ref _blocks, int.Max(4, 2 * _count));
                }
                catch (OutOfMemoryException)
                {
                    return false;
                }
            }

            _blocks[_count++] = block;
            return true;
        }
    }

    /// <summary>How many blocks lay here all the time since the last call.</summary>
    public int TakeIdleCount()
    {
        using (_gate.Enter())
        {
            int idle = _fewest;
            _fewest = _count - idle;
            return idle;
        }
    }
}
