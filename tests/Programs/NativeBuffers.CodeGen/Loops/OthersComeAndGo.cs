using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>No loops: other owners than scoped buffers come, are touched, and go.</summary>
public static class OthersComeAndGo
{
    private static readonly NativeMemoryPool<int> s_pool = new(new NativePoolOptions());

    public static void Run()
    {
        Pooled(100);
        OwnPool(100);
        Arena(100);
        Scratch(100);
        Owner(100);
        List(100);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Pooled(int length)
    {
        using PooledBuffer<int> buffer = NativeMemoryPool<int>.Shared.RentBuffer(length);
        buffer.AsSpan()[0] = 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void OwnPool(int length)
    {
        using PooledBuffer<int> buffer = s_pool.RentBuffer(length);
        buffer.AsSpan()[0] = 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Arena(int length)
    {
        using var arena = NativeArena.Create();
        arena.AllocateUninitialized<int>(length)[0] = 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Scratch(int count)
    {
        // Without a loop: with one beside memory on the stack, the compiler does not compile in tiers.
        using var list = new ScratchList<int>(stackalloc int[2]);
        list.Add(count);
        list.Add(count);
        list.Add(count);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Owner(int length)
    {
        using var owner = NativeMemoryOwner<int>.CreateUninitialized(length);
        using Borrow<int> borrow = owner.Borrow();
        borrow[0] = 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void List(int count)
    {
        using var list = new NativeList<int>();
        for (int i = 0; i < count; i++)
        {
            list.Add(i);
        }
    }
}
