using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>Loops that allocate elements in an arena.</summary>
public static class ArenaElements
{
    private const int Count = 100;

    private static readonly NativeArenaOwner s_owner = NativeArenaOwner.Create(Count * 32);

    public static void Run()
    {
        s_owner.Reset();
        using ArenaBorrow arena = s_owner.Borrow();
        _ = OfOwner(arena);
        using ArenaScope scope = arena.BeginScope();
        _ = OfScope(scope);
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
}
