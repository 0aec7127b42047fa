using System.Runtime.CompilerServices;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>An owner on the managed heap is created, one byte is written and read, and the owner is disposed.</summary>
/// <remarks>Each loop returns the sum of the values that it read, which is the same for all.</remarks>
internal static class HeapOwnerLoops
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Owner(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using var owner = NativeMemoryOwner<byte>.CreateUninitialized(byteCount);
            Span<byte> span = owner.Memory.Span;
            span[0] = (byte)turn;
            sum += span[0];
        }

        return sum;
    }

    /// <summary>Touched through a borrow.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int OwnerBorrowed(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using var owner = NativeMemoryOwner<byte>.CreateUninitialized(byteCount);
            using var borrow = owner.Borrow();
            borrow[0] = (byte)turn;
            sum += borrow[0];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Handle(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using var handle = new MallocHandle(byteCount);
            handle.First = (byte)turn;
            sum += handle.First;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Finalized(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using var block = new FinalizedBlock(byteCount);
            block.First = (byte)turn;
            sum += block.First;
        }

        return sum;
    }
}
