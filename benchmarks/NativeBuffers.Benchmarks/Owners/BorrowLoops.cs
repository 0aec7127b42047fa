using System.Runtime.CompilerServices;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>Reads one byte of memory that other code may dispose, again and again, each time safely.</summary>
internal static class BorrowLoops
{
    private static readonly NativeMemoryOwner<byte> s_owner = NativeMemoryOwner<byte>.Create(64);
    private static readonly MallocHandle s_handle = Zeroed(new MallocHandle(64));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Borrow(int turns, int byteCount)
    {
        NativeMemoryOwner<byte> owner = s_owner;
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using var borrow = owner.Borrow();
            sum += borrow[0];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int HandleReference(int turns, int byteCount)
    {
        MallocHandle handle = s_handle;
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += handle.ReadFirst();
        }

        return sum;
    }

    private static MallocHandle Zeroed(MallocHandle handle)
    {
        handle.First = 0;
        return handle;
    }
}
