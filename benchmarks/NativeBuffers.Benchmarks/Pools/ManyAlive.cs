using System.Runtime.CompilerServices;
using NativeBuffers.Benchmarks.Owners;

namespace NativeBuffers.Benchmarks.Pools;

/// <summary>Many blocks are live at once: all are taken and written, then all are read and given back, in some order.</summary>
/// <param name="count">The number of blocks.</param>
/// <param name="freed">The places of the blocks, in the order in which they are given back.</param>
internal sealed class ManyAlive(int count, int[] freed)
{
    private readonly nint[] _blocks = new nint[count];
    private readonly PooledBuffer<byte>[] _rented = new PooledBuffer<byte>[count];
    private readonly NativeMemoryOwner<byte>?[] _owners = new NativeMemoryOwner<byte>?[count];

    public int Count => count;

    /// <summary>The orders in which the blocks can be given back.</summary>
    public static IReadOnlyList<string> OrderNames { get; } = ["last first", "first first", "random"];

    /// <summary>Blocks that are given back in one of the orders.</summary>
    public static ManyAlive Ordered(int count, string order)
    {
        int[] places = [.. Enumerable.Range(0, count)];
        if (order == "last first")
        {
            Array.Reverse(places);
        }
        else if (order == "random")
        {
            new Random(7).Shuffle(places);
        }

        return new ManyAlive(count, places);
    }

    /// <summary>Writes to the memory of this object, so that it is resident from now on.</summary>
    public void TouchArrays()
    {
        _blocks.AsSpan().Fill(1);
        _rented.AsSpan().Clear();
        _owners.AsSpan().Clear();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public int Bare(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            TakeBare(byteCount);
            sum += FreeBare(byteCount);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public int Rented(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            Rent(byteCount);
            sum += FreeRented();
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public int Owned(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            Own(byteCount);
            sum += FreeOwned();
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public int Mimalloc(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            TakeMimalloc(byteCount);
            sum += FreeMimalloc();
        }

        return sum;
    }

    public void TakeBare(int byteCount)
    {
        for (int i = 0; i < _blocks.Length; i++)
        {
            unsafe
            {
                // SAFETY: the block has this many bytes.
                byte* block = (byte*)NativeAllocator.Default.AllocateUninitialized((nuint)byteCount);
                new Span<byte>(block, byteCount).Fill((byte)i);
                _blocks[i] = (nint)block;
            }
        }
    }

    public int FreeBare(int byteCount)
    {
        int sum = 0;
        foreach (int place in freed)
        {
            unsafe
            {
                // SAFETY: the block is live, and is not used after this.
                byte* block = (byte*)_blocks[place];
                sum += block[0];
                NativeAllocator.Default.Free(block, (nuint)byteCount);
            }
        }

        return sum;
    }

    public void Rent(int byteCount)
    {
        for (int i = 0; i < _rented.Length; i++)
        {
            _rented[i] = NativeMemoryPool<byte>.Shared.RentBuffer(byteCount);
            _rented[i].AsSpan().Fill((byte)i);
        }
    }

    public int FreeRented()
    {
        int sum = 0;
        foreach (int place in freed)
        {
            sum += _rented[place].AsSpan()[0];
            _rented[place].Dispose();

            // A disposed buffer still refers to the cleaner of its slot.
            _rented[place] = default;
        }

        return sum;
    }

    public void Own(int byteCount)
    {
        for (int i = 0; i < _owners.Length; i++)
        {
            NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.CreateUninitialized(byteCount);
            owner.Memory.Span.Fill((byte)i);
            _owners[i] = owner;
        }
    }

    public int FreeOwned()
    {
        int sum = 0;
        foreach (int place in freed)
        {
            NativeMemoryOwner<byte> owner = _owners[place]!;
            sum += owner.Memory.Span[0];
            owner.Dispose();
            _owners[place] = null;
        }

        return sum;
    }

    public void TakeMimalloc(int byteCount)
    {
        for (int i = 0; i < _blocks.Length; i++)
        {
            unsafe
            {
                // SAFETY: the block has this many bytes.
                byte* block = (byte*)FunctionsLoops.Allocate((nuint)byteCount);
                new Span<byte>(block, byteCount).Fill((byte)i);
                _blocks[i] = (nint)block;
            }
        }
    }

    public int FreeMimalloc()
    {
        int sum = 0;
        foreach (int place in freed)
        {
            unsafe
            {
                // SAFETY: the block is live, and is not used after this.
                byte* block = (byte*)_blocks[place];
                sum += block[0];
                FunctionsLoops.Free(block);
            }
        }

        return sum;
    }
}
