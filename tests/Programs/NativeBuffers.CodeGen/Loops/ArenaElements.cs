using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>Loops that allocate elements in an arena.</summary>
public static class ArenaElements
{
    private const int Count = 100;

    private static readonly NativeArenaOwner s_owner = NativeArenaOwner.Create(Count * 32);

    public static void Run()
    {
        s_owner.Reset();
        using (ArenaBorrow arena = s_owner.Borrow())
        {
            _ = OfOwner(arena);
            using ArenaScope scope = arena.BeginScope();
            _ = OfScope(scope);
        }

        s_owner.Reset();
        _ = OfNewBorrow(Count);
        _ = OfNewScope(Count);
        _ = OfNewArena(Count);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static long OfOwner(ArenaBorrow arena)
    {
        long sum = 0;
        for (int i = 0; i < Count; i++)
        {
            ref long place = ref arena.New((long)i);
            sum += place;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static long OfScope([BorrowsOwnership] ArenaScope arena)
    {
        long sum = 0;
        for (int i = 0; i < Count; i++)
        {
            ref long place = ref arena.New((long)i);
            sum += place;
        }

        return sum;
    }

    /// <summary>The hard case: the arena's words also live until the end of the method, and the loop needs three registers of its own.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int OfNewBorrow(int count)
    {
        int sum = 0;
        using ArenaBorrow arena = s_owner.Borrow();
        for (int i = 0; i < count; i++)
        {
            ref Pair pair = ref arena.New(new Pair { First = i });
            sum += (int)pair.First;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int OfNewScope(int count)
    {
        int sum = 0;
        using ArenaBorrow arena = s_owner.Borrow();
        using ArenaScope scope = arena.BeginScope();
        for (int i = 0; i < count; i++)
        {
            ref Pair pair = ref scope.New(new Pair { First = i });
            sum += (int)pair.First;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int OfNewArena(int count)
    {
        int sum = 0;
        using var arena = NativeArena.Create();
        for (int i = 0; i < count; i++)
        {
            ref Pair pair = ref arena.New(new Pair { First = i });
            sum += (int)pair.First;
        }

        return sum;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Pair
    {
        public long First;
        public long Second;
    }
}
